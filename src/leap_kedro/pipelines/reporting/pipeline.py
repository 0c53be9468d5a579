"""Evaluations and episodes -> plots, a page, a table of verdicts, measures."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.reporting.nodes import draw_plots, measure_loop, tabulate_verdicts, write_page


def create_pipeline() -> Pipeline:
    """Evaluations, episodes and corrections -> learning curve, task types, page, verdicts, measures."""
    return Pipeline(
        [
            Node(
                draw_plots,
                inputs=["base_evaluation", "evaluations"],
                outputs=["learning_curve", "task_types"],
                name="draw_plots",
            ),
            Node(
                write_page,
                inputs=[
                    "policy",
                    "base_evaluation",
                    "evaluations",
                    "rollouts",
                    "corrections",
                    "evaluation_episodes",
                    "params:experiment",
                ],
                outputs="trajectory_report",
                name="write_page",
            ),
            Node(tabulate_verdicts, inputs="corrections", outputs="correction_verdicts", name="count_verdicts"),
            Node(measure_loop, inputs=["rollouts", "corrections"], outputs="loop_measures", name="measure_loop"),
        ]
    )
