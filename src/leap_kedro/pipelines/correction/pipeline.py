"""Rollouts -> corrections -> D_k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.correction.nodes import build_examples, correct


def create_pipeline() -> Pipeline:
    """Rollouts -> corrections, and the examples made of those that were accepted."""
    return Pipeline(
        [
            Node(
                correct,
                inputs=[
                    "rollouts",
                    "corrections_so_far",
                    "params:correction",
                    "params:environment",
                    "params:environments",
                ],
                outputs="corrections",
                name="correct_rollouts",
            ),
            Node(
                build_examples,
                inputs=["rollouts", "corrections", "params:correction"],
                outputs="examples",
                name="build_examples",
            ),
        ]
    )
