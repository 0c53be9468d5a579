"""Training tasks and the base model -> D_0 and pi_0."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.bootstrap.nodes import demonstrate, find_base, train_first


def create_base_pipeline() -> Pipeline:
    """Parameters -> the base model."""
    return Pipeline(
        [
            Node(
                find_base,
                inputs=["params:bootstrap", "params:fine_tuning", "params:environment"],
                outputs="base_policy",
                name="find_base",
            )
        ]
    )


def create_pipeline() -> Pipeline:
    """Training tasks -> D_0 and pi_0 (the policy last: it marks the stage as done)."""
    return create_base_pipeline() + Pipeline(
        [
            Node(
                demonstrate,
                inputs=[
                    "train_tasks",
                    "params:bootstrap",
                    "params:correction",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                ],
                outputs="D_0",
                name="demonstrate",
            ),
            Node(
                train_first,
                inputs=[
                    "base_policy",
                    "D_0",
                    "pi_0_workspace",
                    "params:bootstrap",
                    "params:fine_tuning",
                    "params:seed",
                ],
                outputs=["pi_0_training_report", "pi_0"],
                name="train_pi_0",
            ),
        ]
    )
