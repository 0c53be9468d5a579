"""Tasks of an experiment, the same in all its iterations."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.data_preparation.nodes import prepare_tasks
from leap_kedro.pipelines.inputs import ENVIRONMENT


def create_pipeline() -> Pipeline:
    """Parameters -> tasks for training, validation and test."""
    inputs = [*ENVIRONMENT, "params:data_preparation", "params:seed"]
    return Pipeline([Node(prepare_tasks, inputs=inputs, outputs="tasks", name="prepare_tasks")])
