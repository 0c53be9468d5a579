"""Evaluations, episodes and corrections -> what people look at, and the manifest that finishes the iteration."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.reporting.exporting import export_examples
from leap_kedro.pipelines.reporting.manifest import write_manifest
from leap_kedro.pipelines.reporting.nodes import draw_plots, measure_loop, tabulate_verdicts, write_page

_RESULTS = ["history", "evaluation"]
_TAUGHT = ["rollouts", "corrections"]
_PLOTS = ["learning_curve", "task_types"]
_REPORTS = [*_PLOTS, "trajectory_report", "correction_verdicts", "replies"]


def create_pipeline() -> Pipeline:
    """The results of an iteration -> plots, page, table of verdicts, measures, D_k for other trainers, manifest."""
    shown = [*_RESULTS, *_TAUGHT, "evaluation_episodes", "params:experiment", "params:iteration"]
    exported = [*_TAUGHT, "params:correction", "params:environment"]
    finished = ["parameters", *_RESULTS, "champion", "loop_measures", "realizability", *_REPORTS]
    return Pipeline(
        [
            Node(draw_plots, inputs=[*_RESULTS, "params:iteration"], outputs=_PLOTS, name="draw_plots"),
            Node(write_page, inputs=shown, outputs="trajectory_report", name="write_page"),
            Node(tabulate_verdicts, inputs="corrections", outputs="correction_verdicts", name="count_verdicts"),
            Node(measure_loop, inputs=_TAUGHT, outputs="loop_measures", name="measure_loop"),
            Node(export_examples, inputs=exported, outputs="replies", name="export_examples"),
            Node(write_manifest, inputs=finished, outputs="manifest", name="write_manifest"),
        ]
    )
