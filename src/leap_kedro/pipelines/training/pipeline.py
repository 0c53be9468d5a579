"""Training set and parent -> pi_k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.training.checkpoint_choice import choose_checkpoint
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
                    "params:fine_tuning",
                    "params:seed",
                ],
                outputs=["trained_report", "trained_policies"],
                name="train_policy",
            ),
            Node(
                choose_checkpoint,
                inputs=[
                    "trained_policies",
                    "trained_report",
                    "validation_tasks",
                    "params:evaluation",
                    "params:serving",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                ],
                outputs=["training_report", "policy"],
                name="choose_checkpoint",
            ),
        ]
    )
