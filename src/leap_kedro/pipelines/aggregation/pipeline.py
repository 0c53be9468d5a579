"""Corrections and D_0..D_{k-1} -> the training set of iteration k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.aggregation.nodes import mix


def create_pipeline() -> Pipeline:
    """Accepted corrections -> D_k -> the training set, with the examples of the iterations before."""
    return Pipeline(
        [
            Node(
                build_examples,
                inputs=["rollouts", "corrections", "params:correction"],
                outputs="examples",
                name="build_examples",
            ),
            Node(
                mix,
                inputs=["history", "examples", "params:aggregation", "params:seed", "params:iteration"],
                outputs="training_set",
                name="mix_examples",
            ),
        ]
    )
