"""pi_{k-1} and training tasks -> episodes."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.rollout.nodes import roll_out


def create_pipeline(iteration: str = "params:iteration") -> Pipeline:
    """Policy of the iteration before, training tasks -> rollouts.

    Args:
        iteration: Dataset of k.
    """
    return Pipeline(
        [
            Node(
                roll_out,
                inputs=[
                    "history",
                    "tasks",
                    "params:rollout",
                    "params:serving",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                    iteration,
                ],
                outputs="rollouts",
                name="roll_out",
            )
        ]
    )
