"""Rollouts -> corrections."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.correction.nodes import correct, select_prompts


def create_pipeline() -> Pipeline:
    """Rollouts -> the teacher's correction of each step."""
    return Pipeline(
        [
            Node(
                select_prompts,
                inputs=["teacher_prompts", "params:correction", "params:environment"],
                outputs="prompts_used",
                name="select_prompts",
            ),
            Node(
                correct,
                inputs=[
                    "rollouts",
                    "history",
                    "prompts_used",
                    "language_model_access",
                    "params:correction",
                    "params:environment",
                    "params:environments",
                    "params:iteration",
                ],
                outputs="corrections",
                name="correct_rollouts",
            ),
        ]
    )
