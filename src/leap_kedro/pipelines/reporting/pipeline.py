"""Evaluations, episodes and corrections -> what people look at, and the manifest that finishes the iteration."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.reporting.exporting import export_examples
from leap_kedro.pipelines.reporting.manifest import write_manifest
from leap_kedro.pipelines.reporting.nodes import draw_plots, measure_loop, tabulate_verdicts, write_page


def create_pipeline() -> Pipeline:
    """What an iteration made -> plots, page, table of verdicts, measures, D_k for other trainers, manifest."""
    return Pipeline(
        [
            Node(
                draw_plots,
                inputs=["history", "evaluation", "params:iteration"],
                outputs=["learning_curve", "task_types"],
                name="draw_plots",
            ),
            Node(
                write_page,
                inputs=[
                    "history",
                    "evaluation",
                    "rollouts",
                    "corrections",
                    "evaluation_episodes",
                    "params:experiment",
                    "params:iteration",
                ],
                outputs="trajectory_report",
                name="write_page",
            ),
            Node(tabulate_verdicts, inputs="corrections", outputs="correction_verdicts", name="count_verdicts"),
            Node(measure_loop, inputs=["rollouts", "corrections"], outputs="loop_measures", name="measure_loop"),
            Node(
                export_examples,
                inputs=["rollouts", "corrections", "params:correction", "params:environment"],
                outputs="replies",
                name="export_examples",
            ),
            Node(
                write_manifest,
                inputs=[
                    "parameters",
                    "history",
                    "evaluation",
                    "champion",
                    "realizability",
                    "learning_curve",
                    "task_types",
                    "trajectory_report",
                    "correction_verdicts",
                    "loop_measures",
                    "replies",
                ],
                outputs="manifest",
                name="write_manifest",
            ),
        ]
    )
