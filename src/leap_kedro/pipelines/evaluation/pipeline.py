"""Evaluation of one policy of the loop, and choice of the champion."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.evaluation.nodes import (
    choose_champion,
    play_base_evaluation,
    play_evaluation,
    summarize_evaluation,
)

_WHERE = ["params:environment", "params:environments", "params:seed"]


def create_pipeline(policy: str = "policy", prefix: str = "") -> Pipeline:
    """A policy, validation and test tasks -> episodes and their summary.

    Args:
        policy: Dataset of the policy.
        prefix: Put before the names of datasets and nodes; ``base_`` plays fewer tasks.
    """
    return Pipeline(
        [
            Node(
                play_base_evaluation if prefix == "base_" else play_evaluation,
                inputs=[
                    policy,
                    "validation_tasks",
                    "test_tasks",
                    f"{prefix}evaluation_so_far",
                    "params:evaluation",
                    "params:serving",
                    *_WHERE,
                ],
                outputs=f"{prefix}evaluation_episodes",
                name=f"{prefix}play_evaluation",
            ),
            Node(
                summarize_evaluation,
                inputs=[
                    policy,
                    f"{prefix}evaluation_episodes",
                    "validation_tasks",
                    "params:evaluation",
                    *_WHERE,
                ],
                outputs=f"{prefix}evaluation",
                name=f"{prefix}summarize_evaluation",
            ),
        ]
    )


def create_champion_pipeline() -> Pipeline:
    """Evaluations of pi_0..pi_k -> the champion."""
    return Pipeline([Node(choose_champion, inputs="evaluations", outputs="champion", name="choose_champion")])
