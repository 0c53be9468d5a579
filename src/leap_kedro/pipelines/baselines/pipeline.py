"""What the loop starts from, and all baselines -> a table and a chart."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.baselines.comparing import summarize_baselines, tabulate_baselines
from leap_kedro.pipelines.baselines.nodes import (
    PRIVILEGED,
    RANDOM,
    UNPRIVILEGED,
    play_prompted,
    play_without_model,
)
from leap_kedro.pipelines.inputs import ENVIRONMENT
from leap_kedro.pipelines.iteration import create_start, stage

_PLAYED = ["params:options", "params:evaluation"]
_WHERE = [*ENVIRONMENT, "params:seed"]
_SERVERS = ["params:server", "params:serving", "params:compute"]
_PLAYERS = (RANDOM, "base_evaluation", "prompted", "pi_0_evaluation", UNPRIVILEGED, PRIVILEGED)


def create_pipeline() -> Pipeline:
    """Parameters -> table and chart: success with intervals of each player, by task type."""
    alone = ["tasks", *_PLAYED, "params:correction", *_WHERE]
    prompted = ["tasks", *_PLAYED, "params:bootstrap", *_SERVERS, *_WHERE, "language_models"]
    summarized = ["tasks", *(f"{player}_episodes" for player in _PLAYERS), *_PLAYED, "params:seed"]
    tabulated = ["baselines_table", "baselines_figure"]
    nodes = [
        *(
            Node(play_without_model(player), inputs=alone, outputs=f"{player}_episodes", name=f"play_{player}")
            for player in (RANDOM, UNPRIVILEGED, PRIVILEGED)
        ),
        Node(play_prompted, inputs=prompted, outputs="prompted_episodes", name="play_prompted"),
        Node(summarize_baselines, inputs=summarized, outputs="baselines_summary", name="summarize_baselines"),
        Node(
            tabulate_baselines,
            inputs=["baselines_summary", "language_models"],
            outputs=tabulated,
            name="tabulate_baselines",
        ),
    ]
    return create_start() + stage("baselines", Pipeline(nodes))
