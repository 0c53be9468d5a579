"""D_k for other trainers."""

from collections.abc import Sequence

from leap_kedro.environments.registry import environment_instructions
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.prompts.messages import rules_text
from leap_kedro.records import CorrectedEpisode, Example
from leap_kedro.teachers.privileged_block import privileged_block
from leap_kedro.training.export import ReplyRow, reply_rows


def export_examples(
    corrections: Sequence[CorrectedEpisode],
    examples: Sequence[Example],
    parameters: CorrectionParameters,
    environment: str,
) -> list[ReplyRow]:
    """D_k in the columns of TRL's trainers, a row a reply.

    The privileged context of an episode's rows is what was hidden at its beginning, as much as the level gives away.

    Args:
        corrections: What the teacher said, and what was hidden.
        examples: D_k.
        parameters: The privilege level.
        environment: Name of the environment.
    """
    rules = rules_text(environment_instructions(environment))
    hidden = {
        corrected.episode: privileged_block(corrected.hidden, parameters.privilege)
        for corrected in corrections
        if corrected.hidden is not None
    }
    return [row for example in examples for row in reply_rows(example, rules, hidden.get(example.episode, ""))]
