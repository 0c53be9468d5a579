"""D_k of the methods that learn from the student's own replies instead of corrections.

Replies without a readable action are left out: their tokens are not stored.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean, stdev

from leap_kedro.pipelines.episodes import settled
from leap_kedro.records import CorrectedEpisode, Episode, Example, ParseStatus, Target
from leap_kedro.teachers.privileged_block import privileged_block

_SMALLEST_SPREAD = 1e-4  # added to the deviation, as in TRL


def compared_replies(rollouts: Sequence[Episode]) -> list[Example]:
    """For GRPO: all replies, weighted with the advantage of their episode over the others on its task.

    A task whose episodes all have the same score shows nothing and gives no example.
    """
    groups: dict[str, list[Episode]] = {}
    for episode in settled(rollouts):
        if not episode.stop.is_infrastructure:
            groups.setdefault(episode.task.id, []).append(episode)
    return [
        example
        for group in groups.values()
        for episode, advantage in zip(group, advantages([each.score for each in group]), strict=True)
        if advantage and (example := Example.of(episode, _own(episode, advantage))).targets
    ]


def advantages(scores: Sequence[float]) -> list[float]:
    """Each score relative to the mean of the group, in standard deviations (arXiv 2402.03300, section 4.1.2)."""
    if len(set(scores)) < 2:
        return [0.0] * len(scores)
    mean, spread = fmean(scores), stdev(scores) + _SMALLEST_SPREAD
    return [(score - mean) / spread for score in scores]


def informed_replies(
    rollouts: Sequence[Episode], corrections: Iterable[CorrectedEpisode], privilege: int
) -> list[Example]:
    """For self-distillation: all replies, with the privileged block that the student as a teacher is given.

    Args:
        rollouts: Episodes of the student.
        corrections: They have the privileged state of each episode; an episode without one gives no example.
        privilege: Privilege level of the block, per cent.
    """
    hidden: Mapping[str, str] = {
        corrected.episode: privileged_block(corrected.hidden, privilege)
        for corrected in corrections
        if corrected.hidden is not None
    }
    return [
        example
        for episode in settled(rollouts)
        if episode.id in hidden and (example := Example.of(episode, _own(episode), hidden[episode.id])).targets
    ]


def _own(episode: Episode, weight: float = 1.0) -> Iterator[Target]:
    for number, step in enumerate(episode.steps):
        if step.parse_status is ParseStatus.OK:
            yield Target(number, step.reason, step.action, weight)
