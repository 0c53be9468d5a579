"""pi_{k-1} and training tasks -> episodes."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.rollout.nodes import roll_out


def create_pipeline() -> Pipeline:
    """Parent policy, training tasks -> rollouts."""
    return Pipeline(
        [
            Node(
                roll_out,
                inputs=[
                    "parent_policy",
                    "train_tasks",
                    "rollouts_so_far",
                    "params:rollout",
                    "params:serving",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                ],
                outputs="rollouts",
                name="roll_out",
            )
        ]
    )
