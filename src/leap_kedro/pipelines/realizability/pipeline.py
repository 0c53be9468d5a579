"""Rollouts, corrections, policies -> the quantities of the theory."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.inputs import ENVIRONMENT
from leap_kedro.pipelines.realizability.nodes import measure_realizability


def create_pipeline(correction: str = "params:correction", iteration: str = "params:iteration") -> Pipeline:
    """The results of an iteration -> its realizability.

    Args:
        correction: Dataset of the parameters of the correction.
        iteration: Dataset of k.
    """
    results = ["rollouts", "corrections", "history", "policy", "evaluation", "tasks"]
    parameters = [correction, "params:aggregation", "params:realizability", "params:evaluation", "params:compute"]
    inputs = [*results, *parameters, *ENVIRONMENT, "params:seed", iteration]
    name = "measure_realizability"
    return Pipeline([Node(measure_realizability, inputs=inputs, outputs="realizability", name=name)])
