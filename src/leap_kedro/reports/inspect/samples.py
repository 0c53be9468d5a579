"""Episodes as samples of Inspect: one per episode, or one per task with the episodes of all players."""

import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leap_kedro.records import CorrectedEpisode, Episode, Verdict
from leap_kedro.reports.inspect.moments import Moments, usage
from leap_kedro.reports.inspect.steps import answer, messages, outcome, step_events
from leap_kedro.reports.inspect.teaching import privileged_events

if TYPE_CHECKING:
    from inspect_ai.event import Event
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ModelUsage
    from inspect_ai.scorer import Score

_TARGET = "solved"


def episode_sample(episode: Episode, epoch: int, corrected: CorrectedEpisode | None, when: datetime) -> "EvalSample":
    """An episode with its messages, step by step, and what the teacher said about each.

    Args:
        episode: The episode.
        epoch: Number of the episode among those of the same task in the log, from 1.
        corrected: Its corrections, if there are any.
        when: Time of the sample.
    """
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import ModelOutput

    moments = Moments(f"{episode.task.id}:{epoch}", when)
    said = corrected or CorrectedEpisode(episode.id, ())
    failed = episode.stop.is_infrastructure
    cause = episode.error or episode.stop.value
    return EvalSample(
        id=episode.task.id,
        epoch=epoch,
        input=episode.task.goal,
        target=_TARGET,
        messages=list(messages(episode, said, moments)),
        events=[*step_events(episode, said, moments), *privileged_events(said, moments)],
        scores={} if failed else _scores(episode, corrected),
        output=ModelOutput.from_content(episode.policy, answer(episode.steps[-1]) if episode.steps else ""),
        model_usage={episode.policy: _usage(episode)},
        metadata=_about(episode) | (_about_teaching(corrected) if corrected else {}),
        error=EvalError(message=cause, traceback=cause, traceback_ansi=cause) if failed else None,
        turn_count=len(episode.steps),
    )


def task_sample(episodes: dict[str, Episode], when: datetime) -> "EvalSample":
    """A task with one episode and one score of each player.

    Args:
        episodes: The episode of each player; at least one. The last one, the newest policy's, is shown first.
        when: Time of the sample.
    """
    from inspect_ai.log import EvalSample
    from inspect_ai.scorer import Score

    task = next(iter(episodes.values())).task
    moments = Moments(task.id, when)
    events: list[Event] = []
    for player, episode in reversed(episodes.items()):
        steps = step_events(episode, CorrectedEpisode(episode.id, ()), moments)
        events += moments.span(f"{player}: {outcome(episode)}", steps)
    names = {score_name(player): episode for player, episode in episodes.items()}
    return EvalSample(
        id=task.id,
        epoch=1,
        input=task.goal,
        target=_TARGET,
        events=events,
        scores={
            name: Score(value=episode.success, explanation=outcome(episode))
            for name, episode in names.items()
            if not episode.stop.is_infrastructure
        },
        model_usage={player: _usage(episode) for player, episode in episodes.items()},
        metadata={
            "environment": task.environment,
            "split": task.split,
            "kind": task.kind,
            "stop": {name: episode.stop.value for name, episode in names.items()},
            "actions": {name: len(episode.steps) for name, episode in names.items()},
            "score": {name: episode.score for name, episode in names.items()},
        },
    )


def score_name(player: str) -> str:
    """A player's name in the viewer's filter, which takes letters, digits and `_`."""
    name = re.sub(r"\W+", "_", player, flags=re.ASCII)
    return name if name[:1].isalpha() else f"policy_{name}"


def _usage(episode: Episode) -> "ModelUsage":
    steps = episode.steps
    return usage(sum(step.prompt_tokens for step in steps), sum(step.reply_tokens for step in steps))


def _scores(episode: Episode, corrected: CorrectedEpisode | None) -> dict[str, "Score"]:
    """Success, score with its parts, number of actions, and number of steps with each verdict."""
    from inspect_ai.scorer import Score

    success = Score(value=episode.success, answer=episode.stop.value, explanation=outcome(episode))
    parts = {score_name(name): value for name, value in episode.parts.items()}
    numbers = {"score": episode.score, "actions": len(episode.steps), **parts, **_verdicts(corrected)}
    return {"success": success, **{name: Score(value=value) for name, value in numbers.items()}}


def _verdicts(corrected: CorrectedEpisode | None) -> dict[str, int]:
    if corrected is None:
        return {}
    accepted = [each for each in corrected.corrections if each.accepted]
    return {
        "kept": sum(each.verdict is Verdict.KEEP for each in accepted),
        "corrected": sum(each.verdict is Verdict.CORRECT for each in accepted),
        "rejected": len(corrected.corrections) - len(accepted),
        "leaked": sum(bool(each.leaked) for each in corrected.corrections),
    }


def _about(episode: Episode) -> dict[str, Any]:
    """What samples are filtered by. The task's payload is left out, because it can tell the solution."""
    return {
        "environment": episode.task.environment,
        "split": episode.task.split,
        "kind": episode.task.kind,
        "policy": episode.policy,
        "iteration": episode.iteration,
        "seed": episode.seed,
        "success": episode.success,
        "stop": episode.stop.value,
        "refused_actions": sum(not step.accepted for step in episode.steps),
    }


def _about_teaching(corrected: CorrectedEpisode) -> dict[str, Any]:
    first = corrected.corrections[0] if corrected.corrections else None
    causes = Counter(each.rejection.value for each in corrected.corrections if each.rejection is not None)
    return {
        "teacher": first.teacher if first else "",
        "privilege": first.privilege if first else None,
        "leak": any(each.leaked for each in corrected.corrections),
        "rejections": dict(causes),
        "faults": len(corrected.faults),
    }
