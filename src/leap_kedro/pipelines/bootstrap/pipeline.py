"""Training tasks and the base model -> D_0, pi_0, and how good base and pi_0 are."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines import evaluation
from leap_kedro.pipelines.bootstrap.base import pin_base
from leap_kedro.pipelines.bootstrap.nodes import make_demonstrations, play_base_evaluation, release_first, train_first
from leap_kedro.pipelines.evaluation.pipeline import create_summary_node
from leap_kedro.pipelines.inputs import ENVIRONMENT, PLAYING
from leap_kedro.pipelines.reporting.manifest import write_start


def create_pipeline() -> Pipeline:
    """Training tasks -> D_0 and pi_0, with its evaluation."""
    to_demonstrate = ["tasks", "params:bootstrap", "params:correction", "params:compute", *ENVIRONMENT, "params:seed"]
    if_prompted = ["base", "params:fine_tuning", "params:evaluation", "params:server", "params:serving"]
    how = ["params:bootstrap", "params:fine_tuning", "params:compute", "params:environment", "params:seed"]
    to_train = ["D_0", *how, "base"]
    nodes = [
        Node(pin_base, inputs="params:bootstrap", outputs="base", name="pin_base"),
        Node(
            make_demonstrations,
            inputs=[*to_demonstrate, "language_models", *if_prompted],
            outputs="D_0",
            name="demonstrate",
        ),
        Node(train_first, inputs=to_train, outputs="pi_0_training_report", name="train_pi_0"),
        Node(release_first, inputs="pi_0_training_report", outputs="pi_0", name="release_pi_0"),
    ]
    return Pipeline(nodes) + evaluation.create_pipeline("pi_0", "pi_0_")


def create_base_pipeline() -> Pipeline:
    """The base model -> its evaluation, on few tasks."""
    inputs = ["params:bootstrap", "params:fine_tuning", "tasks", "params:evaluation", *PLAYING, "base"]
    play = Node(play_base_evaluation, inputs=inputs, outputs="base_evaluation_episodes", name="base_play_evaluation")
    return Pipeline([play, create_summary_node("base_")])


def create_history_pipeline(*more: str) -> Pipeline:
    """pi_0 and its evaluation -> the manifest of iteration 0, with which the history begins.

    Args:
        more: Dataset of the evaluation of the base model, where there is one.
    """
    inputs = ["parameters", "pi_0_evaluation", "pi_0", "D_0", "base", *more]
    return Pipeline([Node(write_start, inputs=inputs, outputs="history", name="write_start")])
