"""The teacher corrects the student's episodes."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.run import run
from leap_kedro.datasets.store import Missing
from leap_kedro.environments.registry import environment_name, make_benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherKind, Which
from leap_kedro.pipelines.correction.teacher import build_teacher
from leap_kedro.pipelines.correction.work import CorrectingWork
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import settled
from leap_kedro.pipelines.history import History, parent_of
from leap_kedro.pipelines.progress import progress_bar
from leap_kedro.records import CorrectedEpisode, Episode
from leap_kedro.teachers.llm.prompts import prompts_of

_ACCEPTED = "accepted"

logger = logging.getLogger(__name__)


def select_prompts(access: Access, parameters: CorrectionParameters, environment: str) -> dict[str, str]:
    """The prompts of this iteration's teacher; none for teachers that are not language models behind a server.

    They are stored with the iteration, so that a continued run uses the same prompts even if the files were edited.

    Args:
        access: It has all prompts.
        parameters: They name the teacher.
        environment: Name of the environment.

    Raises:
        PromptError: If one is missing or malformed.
    """
    if not parameters.teacher.in_words:
        return {}
    return prompts_of(access.prompts, environment_name(environment), parameters.teacher.view, parameters.privilege)


def correct(
    rollouts: Sequence[Episode],
    history: History,
    prompts: Mapping[str, str],
    access: Access,
    parameters: CorrectionParameters,
    server: ServerParameters,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    iteration: int,
) -> Missing[CorrectedEpisode]:
    """A correction for each step of the student; episodes with stored corrections are skipped.

    Args:
        rollouts: Episodes of the student.
        history: The earlier iterations; pi_{k-1} is the student.
        prompts: Output of `select_prompts`.
        access: Key, prices and cache of language models.
        parameters: Which episodes are corrected, and by which teacher.
        server: The shared parameters of the language models' server.
        compute: Where a teacher works that is not behind a server. Calls are made here, within one budget.
        environment: Name of the environment.
        environments: Options by environment.
        iteration: k.

    Returns:
        Stored corrections -> the missing ones, episode by episode. The iterator raises `TeacherStopped` if the teacher
        cannot continue, or if no reply of a language model is usable.
    """
    kind = parameters.teacher.kind
    name = "nobody" if kind is TeacherKind.NONE else f"{kind} at {parameters.privilege} %"

    def missing(so_far: Sequence[CorrectedEpisode]) -> Iterator[CorrectedEpisode]:
        done = {corrected.episode for corrected in so_far}
        chosen = to_correct(rollouts, parameters.episodes, parameters.failure_threshold)
        pending = [episode for episode in chosen if episode.id not in done]
        if so_far and not pending:
            return
        spec, student = environment_spec(environment, environments), parent_of(history, iteration)
        verdicts = Counter(_verdicts(so_far))
        if parameters.teacher.in_words:
            teacher = build_teacher(parameters, server, make_benchmark(spec), student, prompts, access, so_far)
            corrections = teacher.correct_all(pending)
        else:
            corrections = run(CorrectingWork(parameters, spec, student), pending, compute=compute)
        for corrected in progress_bar(f"correction by {name}", "episode", len(pending), corrections):
            verdicts.update(_verdicts([corrected]))
            yield corrected
        if verdicts and not verdicts[_ACCEPTED]:
            causes = ", ".join(f"{cause} {count}" for cause, count in verdicts.most_common())
            logger.warning(
                "All corrections by the teacher (%s) were rejected (%s): this iteration trains on earlier data only. "
                "corrections.jsonl in data/03_corrections has the reasons.",
                name,
                causes,
            )

    return missing


def _verdicts(corrected: Iterable[CorrectedEpisode]) -> Iterator[str]:
    """For each correction: accepted, or why it was rejected."""
    for episode in corrected:
        yield from (each.rejection.value if each.rejection else _ACCEPTED for each in episode.corrections)


def to_correct(rollouts: Sequence[Episode], which: Which, failure_threshold: float = 1.0) -> list[Episode]:
    """The episodes that the teacher corrects, without those that an infrastructure failure ended.

    Args:
        rollouts: Episodes of the student.
        which: All episodes, the failed ones, or the others.
        failure_threshold: Score below which an episode has failed; 1: all that were not solved.
    """
    return [
        episode
        for episode in settled(rollouts)
        if not episode.stop.is_infrastructure
        and (which is Which.ALL or _failed(episode, failure_threshold) is (which is Which.FAILED))
    ]


def _failed(episode: Episode, below: float) -> bool:
    # A full score that the environment did not end with (the step limit came first) is not solved.
    return not episode.success and (below >= 1 or episode.score < below)
