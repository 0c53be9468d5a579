"""Rollouts -> corrections."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.correction.nodes import correct, select_prompts


def create_pipeline(correction: str = "params:correction", iteration: str = "params:iteration") -> Pipeline:
    """Rollouts -> the teacher's correction of each step.

    Args:
        correction: Dataset of the parameters of the correction.
        iteration: Dataset of k.
    """
    return Pipeline(
        [
            Node(
                select_prompts,
                inputs=["language_models", correction, "params:environment"],
                outputs="prompts_used",
                name="select_prompts",
            ),
            Node(
                correct,
                inputs=[
                    "rollouts",
                    "history",
                    "prompts_used",
                    "language_models",
                    correction,
                    "params:server",
                    "params:environment",
                    "params:environments",
                    iteration,
                ],
                outputs="corrections",
                name="correct_rollouts",
            ),
        ]
    )
