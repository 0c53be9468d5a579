"""D_k for other trainers."""

from collections.abc import Sequence

from leap_kedro.environments.registry import environment_instructions
from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.prompts.messages import rules_text
from leap_kedro.records import CorrectedEpisode, Episode
from leap_kedro.teachers.privileged_block import privileged_block
from leap_kedro.training.export import ReplyRow, reply_rows


def export_examples(
    rollouts: Sequence[Episode],
    corrections: Sequence[CorrectedEpisode],
    parameters: CorrectionParameters,
    environment: str,
) -> list[ReplyRow]:
    """D_k in the columns of TRL's trainers, one row per reply.

    The privileged context of a row is the privileged state at the episode's start, as far as the level reveals it.

    Args:
        rollouts: Episodes of the student.
        corrections: The teacher's corrections, with the privileged state.
        parameters: The privilege level.
        environment: Name of the environment.
    """
    rules = rules_text(environment_instructions(environment))
    hidden = {
        corrected.episode: privileged_block(corrected.hidden, parameters.privilege)
        for corrected in corrections
        if corrected.hidden is not None
    }
    examples = build_examples(rollouts, corrections, parameters)
    return [row for example in examples for row in reply_rows(example, rules, hidden.get(example.episode, ""))]
