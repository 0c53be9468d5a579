"""What the loop starts from, and all who play beside it -> a table and a chart."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.baselines.comparing import summarize_baselines, tabulate_baselines
from leap_kedro.pipelines.baselines.nodes import (
    PRIVILEGED,
    RANDOM,
    UNPRIVILEGED,
    play_prompted,
    play_without_model,
)
from leap_kedro.pipelines.iteration import create_start, stage

_WHERE = ["params:environment", "params:environments", "params:seed"]
_PLAYED = ["params:options", "params:evaluation"]


def create_pipeline() -> Pipeline:
    """Parameters -> table and chart: success with intervals of each player, by task type."""
    own = Pipeline(
        [
            *(
                Node(
                    play_without_model(player),
                    inputs=["tasks", *_PLAYED, "params:correction", *_WHERE],
                    outputs=f"{player}_episodes",
                    name=f"play_{player}",
                )
                for player in (RANDOM, UNPRIVILEGED, PRIVILEGED)
            ),
            Node(
                play_prompted,
                inputs=[
                    "tasks",
                    *_PLAYED,
                    "params:bootstrap",
                    "params:server",
                    "params:serving",
                    *_WHERE,
                    "language_models",
                ],
                outputs="prompted_episodes",
                name="play_prompted",
            ),
            Node(
                summarize_baselines,
                inputs=[
                    "tasks",
                    "random_episodes",
                    "base_evaluation_episodes",
                    "prompted_episodes",
                    "pi_0_evaluation_episodes",
                    "unprivileged_expert_episodes",
                    "privileged_expert_episodes",
                    *_PLAYED,
                    "params:seed",
                ],
                outputs="baselines_summary",
                name="summarize_baselines",
            ),
            Node(
                tabulate_baselines,
                inputs=["baselines_summary", "language_models"],
                outputs=["baselines_table", "baselines_figure"],
                name="tabulate_baselines",
            ),
        ]
    )
    return create_start() + stage("baselines", own)
