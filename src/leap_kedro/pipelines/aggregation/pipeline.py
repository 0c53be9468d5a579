"""D_0..D_k -> the training set of iteration k."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.aggregation.nodes import mix


def create_pipeline() -> Pipeline:
    """Earlier examples and the newest ones -> training set."""
    return Pipeline(
        [
            Node(
                mix,
                inputs=["earlier_examples", "examples", "params:aggregation", "params:seed"],
                outputs="training_set",
                name="mix_examples",
            )
        ]
    )
