"""Evaluation of pi_k, and the choice of the champion."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.evaluation.nodes import choose_champion, play_evaluation, summarize_evaluation
from leap_kedro.pipelines.inputs import PLAYING


def create_pipeline(policy: str = "policy", prefix: str = "") -> Pipeline:
    """A policy, validation and test tasks -> episodes and their summary.

    Args:
        policy: Dataset of the policy.
        prefix: Put before the names of datasets and nodes.
    """
    inputs = [policy, "tasks", "params:evaluation", *PLAYING]
    episodes, name = f"{prefix}evaluation_episodes", f"{prefix}play_evaluation"
    return Pipeline([Node(play_evaluation, inputs=inputs, outputs=episodes, name=name), create_summary_node(prefix)])


def create_summary_node(prefix: str = "") -> Node:
    """Episodes of an evaluation -> their summary; `prefix` as in `create_pipeline`."""
    inputs = [f"{prefix}evaluation_episodes", "tasks", "params:evaluation", "params:seed"]
    name = f"{prefix}summarize_evaluation"
    return Node(summarize_evaluation, inputs=inputs, outputs=f"{prefix}evaluation", name=name)


def create_champion_pipeline() -> Pipeline:
    """Evaluations of pi_0..pi_k -> the champion."""
    inputs = ["history", "evaluation", "params:iteration"]
    return Pipeline([Node(choose_champion, inputs=inputs, outputs="champion", name="choose_champion")])
