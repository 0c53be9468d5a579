"""Training set and parent -> pi_k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.inputs import PLAYING
from leap_kedro.pipelines.training.fine_tuning import release_policy
from leap_kedro.pipelines.training.nodes import train_policy


def create_pipeline(iteration: str = "params:iteration") -> Pipeline:
    """Policy of the iteration before, training set -> report and policy; `iteration` is the dataset of k."""
    parameters = ["params:training", "params:fine_tuning", "params:bootstrap", "params:rollout", "params:evaluation"]
    inputs = ["history", "training_set", "tasks", *parameters, *PLAYING, iteration]
    released = ["training_report", iteration]
    return Pipeline(
        [
            Node(train_policy, inputs=inputs, outputs="training_report", name="train_policy"),
            Node(release_policy, inputs=released, outputs="policy", name="release_policy"),
        ]
    )
