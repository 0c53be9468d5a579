"""Parameters -> the base of the embedded student."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.base_model.nodes import release_reader, train_reader


def create_pipeline() -> Pipeline:
    """Parameters and environment -> report of the training, with measures, and base policy."""
    return Pipeline(
        [
            Node(
                train_reader,
                inputs=[
                    "params:base_model",
                    "params:evaluation",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                ],
                outputs="base_model_training_report",
                name="train_reader",
            ),
            Node(release_reader, inputs="base_model_training_report", outputs="base_model", name="release_reader"),
        ]
    )
