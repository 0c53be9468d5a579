"""D_k: the accepted corrections of the student's episodes."""

from collections.abc import Iterator, Sequence

from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.episodes import settled
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Example, OwnReply, ParseStatus, Target, Verdict


def build_examples(
    rollouts: Sequence[Episode], corrections: Sequence[CorrectedEpisode], parameters: CorrectionParameters
) -> list[Example]:
    """D_k: the student's episodes, with the accepted corrections as targets.

    The history is that of the episode itself, never the teacher's account of it. An episode without an accepted
    correction gives no example.

    Args:
        rollouts: Episodes of the student.
        corrections: The teacher's corrections of them.
        parameters: How much of each episode is learnt.
    """
    most = parameters.max_corrections_per_episode
    learnt = {corrected.episode: list(_learnt(corrected, most)) for corrected in corrections}
    return [
        Example.of(episode, (_target(correction, episode) for correction in learnt[episode.id]))
        for episode in settled(rollouts)
        if learnt.get(episode.id)
    ]


def _target(correction: Correction, episode: Episode) -> Target:
    step = episode.steps[correction.step]
    own = OwnReply(step.reason, step.action) if step.parse_status is ParseStatus.OK else None
    return Target(correction.step, correction.reason, correction.action, rejected=own)


def _learnt(corrected: CorrectedEpisode, most: int | None) -> Iterator[Correction]:
    """The accepted corrections of an episode, up to the first `most` changed actions."""
    changed = 0
    for correction in corrected.corrections:
        if most is not None and changed == most:
            return
        changed += correction.verdict is Verdict.CORRECT
        if correction.accepted:
            yield correction
