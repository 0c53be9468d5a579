"""pi_{k-1} and training tasks -> episodes."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.inputs import PLAYING
from leap_kedro.pipelines.rollout.nodes import roll_out


def create_pipeline(iteration: str = "params:iteration") -> Pipeline:
    """Policy of the iteration before, training tasks -> rollouts; `iteration` is the dataset of k."""
    inputs = ["history", "tasks", "params:rollout", "params:bootstrap", *PLAYING, iteration]
    return Pipeline([Node(roll_out, inputs=inputs, outputs="rollouts", name="roll_out")])
