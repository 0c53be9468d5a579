"""Parameters -> the base of the embedded student."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.base_model.nodes import release_reader, train_reader
from leap_kedro.pipelines.inputs import ENVIRONMENT


def create_pipeline() -> Pipeline:
    """Parameters and environment -> report of the training, with measures, and base policy."""
    inputs = ["params:base_model", "params:evaluation", "params:compute", *ENVIRONMENT, "params:seed"]
    report = "base_model_training_report"
    return Pipeline(
        [
            Node(train_reader, inputs=inputs, outputs=report, name="train_reader"),
            Node(release_reader, inputs=report, outputs="base_model", name="release_reader"),
        ]
    )
