"""Corrections and D_0..D_{k-1} -> the training set of iteration k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.aggregation.nodes import learn_from, training_set_of


def create_pipeline(correction: str = "params:correction", iteration: str = "params:iteration") -> Pipeline:
    """Accepted corrections -> D_k -> the training set, which mixes D_k with the examples of earlier iterations.

    Methods that learn from the student's own replies make D_k of these, and do not mix it.

    Args:
        correction: Dataset of the parameters of the correction.
        iteration: Dataset of k.
    """
    to_build = ["rollouts", "corrections", correction, "params:training"]
    to_mix = ["history", "examples", "params:aggregation", "params:training", "params:seed", iteration]
    return Pipeline(
        [
            Node(learn_from, inputs=to_build, outputs="examples", name="build_examples"),
            Node(training_set_of, inputs=to_mix, outputs="training_set", name="mix_examples"),
        ]
    )
