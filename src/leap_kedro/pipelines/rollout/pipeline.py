"""pi_{k-1} and training tasks -> episodes."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.rollout.nodes import roll_out


def create_pipeline() -> Pipeline:
    """Policy of the iteration before, training tasks -> rollouts."""
    return Pipeline(
        [
            Node(
                roll_out,
                inputs=[
                    "history",
                    "tasks",
                    "params:rollout",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                    "params:iteration",
                ],
                outputs="rollouts",
                name="roll_out",
            )
        ]
    )
