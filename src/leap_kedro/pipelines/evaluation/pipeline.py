"""Evaluation of pi_k, and the choice of the champion."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.evaluation.nodes import choose_champion, play_evaluation, summarize_evaluation

HOW = ["params:evaluation", "params:serving", "params:environment", "params:environments", "params:seed"]
"""Parameters of playing an evaluation."""


def create_pipeline(policy: str = "policy", prefix: str = "") -> Pipeline:
    """A policy, validation and test tasks -> episodes and their summary.

    Args:
        policy: Dataset of the policy.
        prefix: Put before the names of datasets and nodes.
    """
    return Pipeline(
        [
            Node(
                play_evaluation,
                inputs=[policy, "tasks", *HOW],
                outputs=f"{prefix}evaluation_episodes",
                name=f"{prefix}play_evaluation",
            ),
            create_summary_node(prefix),
        ]
    )


def create_summary_node(prefix: str = "") -> Node:
    """Episodes of an evaluation -> their summary; `prefix` as in `create_pipeline`."""
    return Node(
        summarize_evaluation,
        inputs=[f"{prefix}evaluation_episodes", "tasks", "params:evaluation", "params:seed"],
        outputs=f"{prefix}evaluation",
        name=f"{prefix}summarize_evaluation",
    )


def create_champion_pipeline() -> Pipeline:
    """Evaluations of pi_0..pi_k -> the champion."""
    return Pipeline(
        [
            Node(
                choose_champion,
                inputs=["history", "evaluation", "params:iteration"],
                outputs="champion",
                name="choose_champion",
            )
        ]
    )
