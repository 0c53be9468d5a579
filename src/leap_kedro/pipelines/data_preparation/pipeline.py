"""Tasks of an experiment, the same in all its iterations."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.data_preparation.nodes import prepare_tasks


def create_pipeline() -> Pipeline:
    """Parameters -> tasks for training, validation and test."""
    return Pipeline(
        [
            Node(
                prepare_tasks,
                inputs=["params:environment", "params:environments", "params:data_preparation", "params:seed"],
                outputs="tasks",
                name="prepare_tasks",
            )
        ]
    )
