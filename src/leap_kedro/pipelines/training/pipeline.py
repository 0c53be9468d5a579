"""Training set and parent -> pi_k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.training.nodes import release_policy, train_policy


def create_pipeline() -> Pipeline:
    """Policy of the iteration before, training set -> report and policy."""
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
                    "params:environment",
                    "params:environments",
                    "params:seed",
                    "params:iteration",
                ],
                outputs="training_report",
                name="train_policy",
            ),
            Node(
                release_policy,
                inputs=["training_report", "params:iteration"],
                outputs="policy",
                name="release_policy",
            ),
        ]
    )
