"""Rollouts -> corrections -> D_k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.correction.exporting import export_examples
from leap_kedro.pipelines.correction.nodes import build_examples, correct, select_prompts


def create_pipeline(parameters: str = "params:correction") -> Pipeline:
    """Rollouts -> corrections, and the examples made of those that were accepted.

    Args:
        parameters: Dataset of the parameters of the correction.
    """
    return Pipeline(
        [
            Node(
                select_prompts,
                inputs=["teacher_prompts", parameters, "params:environment"],
                outputs="prompts_used",
                name="select_prompts",
            ),
            Node(
                correct,
                inputs=[
                    "rollouts",
                    "corrections_so_far",
                    "parent_policy",
                    "prompts_used",
                    "language_model_access",
                    parameters,
                    "params:server",
                    "params:environment",
                    "params:environments",
                ],
                outputs="corrections",
                name="correct_rollouts",
            ),
            Node(
                build_examples,
                inputs=["rollouts", "corrections", parameters],
                outputs="examples",
                name="build_examples",
            ),
        ]
    )


def create_export_pipeline() -> Pipeline:
    """Corrections and examples -> D_k as a Hugging Face dataset."""
    return Pipeline(
        [
            Node(
                export_examples,
                inputs=["corrections", "examples", "params:correction", "params:environment"],
                outputs="replies",
                name="export_examples",
            )
        ]
    )
