"""Corrections and D_0..D_{k-1} -> the training set of iteration k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.aggregation.nodes import mix


def create_pipeline(correction: str = "params:correction", iteration: str = "params:iteration") -> Pipeline:
    """Accepted corrections -> D_k -> the training set, which mixes D_k with the examples of earlier iterations.

    Args:
        correction: Dataset of the parameters of the correction.
        iteration: Dataset of k.
    """
    to_build = ["rollouts", "corrections", correction]
    to_mix = ["history", "examples", "params:aggregation", "params:seed", iteration]
    return Pipeline(
        [
            Node(build_examples, inputs=to_build, outputs="examples", name="build_examples"),
            Node(mix, inputs=to_mix, outputs="training_set", name="mix_examples"),
        ]
    )
