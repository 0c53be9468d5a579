"""Evaluations and episodes -> plots and a page."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.reporting.nodes import draw_plots, write_page


def create_pipeline() -> Pipeline:
    """Evaluations, episodes and corrections -> learning curve, task types, page."""
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
        ]
    )
