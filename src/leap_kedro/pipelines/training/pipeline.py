"""Training set and parent -> pi_k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.training.fine_tuning import release_policy
from leap_kedro.pipelines.training.nodes import train_policy


def create_pipeline(iteration: str = "params:iteration") -> Pipeline:
    """Policy of the iteration before, training set -> report and policy.

    Args:
        iteration: Dataset of k.
    """
    return Pipeline(
        [
            Node(
                train_policy,
                inputs=[
                    "history",
                    "training_set",
                    "tasks",
                    "params:training",
                    "params:fine_tuning",
                    "params:bootstrap",
                    "params:evaluation",
                    "params:serving",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                    iteration,
                ],
                outputs="training_report",
                name="train_policy",
            ),
            Node(
                release_policy,
                inputs=["training_report", iteration],
                outputs="policy",
                name="release_policy",
            ),
        ]
    )
