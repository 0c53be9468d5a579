"""Rollouts -> corrections."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.correction.nodes import correct, select_prompts
from leap_kedro.pipelines.inputs import ENVIRONMENT


def create_pipeline(correction: str = "params:correction", iteration: str = "params:iteration") -> Pipeline:
    """Rollouts -> the teacher's correction of each step.

    Args:
        correction: Dataset of the parameters of the correction.
        iteration: Dataset of k.
    """
    selected = ["language_models", correction, "params:environment"]
    teacher = ["prompts_used", "language_models", correction, "params:server", "params:compute"]
    inputs = ["rollouts", "history", *teacher, *ENVIRONMENT, iteration]
    return Pipeline(
        [
            Node(select_prompts, inputs=selected, outputs="prompts_used", name="select_prompts"),
            Node(correct, inputs=inputs, outputs="corrections", name="correct_rollouts"),
        ]
    )
