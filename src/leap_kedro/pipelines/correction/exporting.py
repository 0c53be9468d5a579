"""D_k for other trainers."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.environments.registry import environment_instructions, make_benchmark
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.prompts.messages import rules_text
from leap_kedro.records import Episode, Example
from leap_kedro.teachers.privileged_block import privileged_block
from leap_kedro.training.export import ReplyRow, reply_rows


def export_examples(
    rollouts: Sequence[Episode],
    examples: Sequence[Example],
    parameters: CorrectionParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
) -> list[ReplyRow]:
    """D_k in the columns of TRL's trainers, a row a reply.

    The privileged context of an episode's rows is what was hidden at its beginning, as much as the level gives away.

    Args:
        rollouts: Episodes of the student.
        examples: D_k.
        parameters: The privilege level.
        environment: Name of the environment.
        environments: Options by environment.
    """
    benchmark = make_benchmark(environment_spec(environment, environments))
    oracle, played = benchmark.oracle(), benchmark.environment()
    rules = rules_text(environment_instructions(environment))
    tasks = {episode.id: episode.task for episode in rollouts}
    rows: list[ReplyRow] = []
    for example in examples:
        played.reset(tasks[example.episode])
        hidden = privileged_block(oracle.state(played), parameters.privilege)
        rows += reply_rows(example, rules, hidden)
    return rows
