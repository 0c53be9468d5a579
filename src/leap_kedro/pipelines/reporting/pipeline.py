"""Evaluations and episodes -> plots, a page, measures."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.reporting.nodes import draw_plots, measure_loop, write_page


def create_pipeline() -> Pipeline:
    """Evaluations, episodes and corrections -> learning curve, task types, page, measures."""
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
            Node(measure_loop, inputs=["rollouts", "corrections"], outputs="loop_measures", name="measure_loop"),
        ]
    )
