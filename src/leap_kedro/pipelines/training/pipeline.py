"""Training set and parent -> pi_k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.training.nodes import train_policy


def create_pipeline() -> Pipeline:
    """Parent policy, base policy, training set -> report and policy (the policy last: it marks the stage as done)."""
    return Pipeline(
        [
            Node(
                train_policy,
                inputs=[
                    "parent_policy",
                    "base_policy",
                    "training_set",
                    "training_workspace",
                    "params:training",
                    "params:seed",
                ],
                outputs=["training_report", "policy"],
                name="train_policy",
            )
        ]
    )
