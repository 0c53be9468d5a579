"""Rollouts, corrections, policies -> the quantities of the theory."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.realizability.nodes import measure_realizability

_WHERE = ["params:environment", "params:environments"]


def create_pipeline(correction: str = "params:correction", iteration: str = "params:iteration") -> Pipeline:
    """What an iteration made -> its realizability.

    Args:
        correction: Dataset of the parameters of the correction.
        iteration: Dataset of k.
    """
    return Pipeline(
        [
            Node(
                measure_realizability,
                inputs=[
                    "rollouts",
                    "corrections",
                    "history",
                    "policy",
                    "evaluation",
                    "tasks",
                    correction,
                    "params:aggregation",
                    "params:realizability",
                    "params:evaluation",
                    *_WHERE,
                    "params:seed",
                    iteration,
                ],
                outputs="realizability",
                name="measure_realizability",
            ),
        ]
    )
