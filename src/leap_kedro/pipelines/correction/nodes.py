"""The teacher corrects, and what passed the checks becomes D_k."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Chunk
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, Which
from leap_kedro.pipelines.correction.teacher import build_teacher
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import settled
from leap_kedro.pipelines.progress import progress_bar
from leap_kedro.records import (
    CorrectedEpisode,
    Correction,
    Episode,
    Example,
    OwnReply,
    ParseStatus,
    Step,
    Target,
    Verdict,
)
from leap_kedro.teachers.llm.prompts import prompts_of

_ACCEPTED = "accepted"

logger = logging.getLogger(__name__)


def select_prompts(library: Mapping[str, str], parameters: CorrectionParameters, environment: str) -> dict[str, str]:
    """The prompts that this iteration's teacher uses; none for teachers that are not asked in words.

    They are kept with the iteration: a run that continues it asks with the same words, whatever was changed meanwhile.

    Args:
        library: All prompts, by "environment/name".
        parameters: By what teacher.
        environment: Name of the environment.

    Raises:
        PromptError: If one is missing or malformed.
    """
    if not parameters.teacher.in_words:
        return {}
    return prompts_of(library, environment, parameters.teacher.view, parameters.privilege)


def correct(
    rollouts: Sequence[Episode],
    so_far: Sequence[CorrectedEpisode],
    parent: SavedPolicy,
    prompts: Mapping[str, str],
    access: Access,
    parameters: CorrectionParameters,
    server: ServerParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
) -> Iterator[Chunk]:
    """A correction for each step of the student; episodes that an earlier, interrupted run corrected are left alone.

    Args:
        rollouts: Episodes of the student.
        so_far: What is corrected already.
        parent: The student, pi_{k-1}.
        prompts: As `select_prompts` gives them.
        access: Key, prices and cache of language models.
        parameters: Which episodes, and by what teacher.
        server: The shared parameters of the server that language models are asked through.
        environment: Name of the environment.
        environments: Options by environment.

    Yields:
        One corrected episode after the other.

    Raises:
        TeacherStopped: If the teacher cannot go on, or no reply of a language model could be used.
    """
    benchmark = make_benchmark(environment_spec(environment, environments))
    teacher = build_teacher(parameters, server, benchmark, parent, prompts, access, so_far)
    done = {corrected.episode for corrected in so_far}
    chosen = to_correct(rollouts, parameters.episodes, parameters.failure_threshold)
    owed = [episode for episode in chosen if episode.id not in done]
    said = teacher.correct_all(owed)
    verdicts = Counter(_verdicts(so_far))
    for corrected in progress_bar(f"correction by {teacher.id}", "episode", len(owed), said):
        verdicts.update(_verdicts([corrected]))
        yield Chunk([corrected])
    if verdicts and not verdicts[_ACCEPTED]:
        causes = ", ".join(f"{cause} {count}" for cause, count in verdicts.most_common())
        logger.warning(
            "Nothing that the teacher %s said can be learnt (%s): this iteration trains on earlier data alone. "
            "corrections.jsonl in data/03_corrections has the reasons.",
            teacher.id,
            causes,
        )
    yield Chunk([], complete=True)


def _verdicts(corrected: Iterable[CorrectedEpisode]) -> Iterator[str]:
    """What became of each correction: accepted, or why it was rejected."""
    for episode in corrected:
        yield from (each.rejection.value if each.rejection else _ACCEPTED for each in episode.corrections)


def to_correct(rollouts: Sequence[Episode], which: Which, threshold: float = 1.0) -> list[Episode]:
    """The episodes that the teacher looks at; what an infrastructure failure ended is never one of them.

    Args:
        rollouts: Episodes of the student.
        which: All of them, or those that failed.
        threshold: Score below which one has failed; 1: all that were not solved.
    """
    return [
        episode
        for episode in settled(rollouts)
        if not episode.stop.is_infrastructure and (which is Which.ALL or _failed(episode, threshold))
    ]


def _failed(episode: Episode, below: float) -> bool:
    # A full score that the environment did not end with (the step limit came first) is not solved.
    return not episode.success and (below >= 1 or episode.score < below)


def build_examples(
    rollouts: Sequence[Episode], corrections: Sequence[CorrectedEpisode], parameters: CorrectionParameters
) -> list[Example]:
    """D_k: the student's episodes with the accepted corrections as what is to be learnt.

    The history is that of the episode itself, never what a teacher repeats. An episode without an accepted correction
    gives no example.

    Args:
        rollouts: Episodes of the student.
        corrections: What the teacher said of them.
        parameters: How much of each episode is learnt.
    """
    accepted = {
        corrected.episode: list(_learnt(corrected, parameters.max_corrections_per_episode)) for corrected in corrections
    }
    return [
        Example.of(episode, (_target(each, episode.steps[each.step]) for each in accepted[episode.id]))
        for episode in settled(rollouts)
        if accepted.get(episode.id)
    ]


def _target(correction: Correction, step: Step) -> Target:
    own = OwnReply(step.reason, step.action) if step.parse_status is ParseStatus.OK else None
    return Target(correction.step, correction.reason, correction.action, rejected=own)


def _learnt(corrected: CorrectedEpisode, most: int | None) -> Iterator[Correction]:
    """Accepted corrections of an episode, up to `most` changed actions."""
    changed = 0
    for correction in corrected.corrections:
        if most is not None and changed == most:
            return
        changed += correction.verdict is Verdict.CORRECT
        if correction.accepted:
            yield correction
