"""Parameters -> the base of the embedded student."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.base_model.nodes import measure_reader, train_reader


def create_pipeline() -> Pipeline:
    """Parameters and environment -> training report, measures and base policy (last: it marks the stage as done)."""
    return Pipeline(
        [
            Node(
                train_reader,
                inputs=[
                    "params:base_model",
                    "params:environment",
                    "params:environments",
                    "params:seed",
                ],
                outputs="base_model_training_report",
                name="train_reader",
            ),
            Node(
                measure_reader,
                inputs=[
                    "base_model_training_report",
                    "params:base_model",
                    "params:evaluation",
                    "params:environment",
                    "params:environments",
                ],
                outputs=["base_model_measures", "base_model"],
                name="measure_reader",
            ),
        ]
    )
