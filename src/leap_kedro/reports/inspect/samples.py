"""Episodes as samples of Inspect: one per episode, or one per task with the episodes of all policies."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.wording import kind_in_words
from leap_kedro.records import CorrectedEpisode, Episode, Step, Verdict
from leap_kedro.reports.inspect.moments import Moments
from leap_kedro.reports.inspect.teaching import exchange_events, privileged_events, verdict_event, verdict_in_words

if TYPE_CHECKING:
    from inspect_ai.event import Event
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ChatMessage
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
    messages = list(_messages(episode, said, moments))
    events = [*_steps(episode, said, moments), *privileged_events(said, moments)]
    failed = episode.stop.is_infrastructure
    cause = episode.error or episode.stop.value
    return EvalSample(
        id=episode.task.id,
        epoch=epoch,
        input=episode.task.goal,
        target=_TARGET,
        messages=messages,
        events=events,
        scores={} if failed else {**_scores(episode), **(_verdict_scores(corrected) if corrected else {})},
        output=ModelOutput.from_content(episode.policy, _answer(episode.steps[-1]) if episode.steps else ""),
        model_usage={episode.policy: moments.usage(*_tokens(episode))},
        metadata=_about(episode) | (_about_teaching(corrected) if corrected else {}),
        error=EvalError(message=cause, traceback=cause, traceback_ansi=cause) if failed else None,
        turn_count=len(episode.steps),
    )


def task_sample(episodes: Mapping[str, Episode], when: datetime) -> "EvalSample":
    """A task with one episode and one score of each player.

    Args:
        episodes: The episode of each player; at least one.
        when: Time of the sample.
    """
    from inspect_ai.log import EvalSample
    from inspect_ai.scorer import Score

    task = next(iter(episodes.values())).task
    moments = Moments(task.id, when)
    nothing_said = CorrectedEpisode("", ())
    events: list[Event] = []
    for player, episode in episodes.items():
        with moments.span(f"{player}: {_outcome(episode)}") as (begin, end):
            events += [begin(), *_steps(episode, nothing_said, moments), end()]
    usage = {player: moments.usage(*_tokens(episode)) for player, episode in episodes.items()}
    return EvalSample(
        id=task.id,
        epoch=1,
        input=task.goal,
        target=_TARGET,
        events=events,
        scores={
            score_name(player): Score(value=episode.success, explanation=_outcome(episode))
            for player, episode in episodes.items()
            if not episode.stop.is_infrastructure
        },
        model_usage=usage,
        metadata={
            "environment": task.environment,
            "split": task.split,
            "kind": task.kind,
            "stop": {score_name(player): episode.stop.value for player, episode in episodes.items()},
            "actions": {score_name(player): len(episode.steps) for player, episode in episodes.items()},
            "score": {score_name(player): episode.score for player, episode in episodes.items()},
        },
    )


def score_name(player: str) -> str:
    """A player's name in the viewer's filter, which takes letters, digits and `_`."""
    name = re.sub(r"\W+", "_", player, flags=re.ASCII)
    return name if name[:1].isalpha() else f"policy_{name}"


def _steps(episode: Episode, corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    """A span for each step: the observation and the reply, and the teacher's verdict."""
    from inspect_ai.event import InfoEvent, ModelEvent
    from inspect_ai.model import ChatMessageUser, GenerateConfig, ModelOutput

    corrections = {each.step: each for each in corrected.corrections}
    for number, step in enumerate(episode.steps):
        correction = corrections.get(number)
        verdict = f" [{verdict_in_words(correction)}]" if correction else ""
        refused = "" if step.accepted else " (refused)"
        with moments.span(
            f"{number + 1}. {step.action or kind_in_words(step.parse_status.value)}{refused}{verdict}"
        ) as (
            begin,
            end,
        ):
            yield begin()
            output = ModelOutput.from_message(_reply(step, episode.policy, moments))
            output.model = episode.policy
            output.usage = moments.usage(step.prompt_tokens, step.reply_tokens)
            yield ModelEvent(
                model=episode.policy,
                input=[ChatMessageUser(content=step.observation, id=moments.name())],
                tools=[],
                tool_choice="none",
                config=GenerateConfig(),
                output=output,
                metadata=_details(step),
                **moments.next(),
            )
            for exchange in corrected.exchanges:
                if exchange.step == number:
                    yield from exchange_events(exchange, corrected, moments)
            if correction is not None:
                yield verdict_event(correction, moments)
            yield end()
    data = {"observation": episode.final_observation, "score": episode.score, **episode.parts}
    yield InfoEvent(source=f"end: {_outcome(episode)}", data=data, **moments.next())


def _messages(episode: Episode, corrected: CorrectedEpisode, moments: Moments) -> Iterator["ChatMessage"]:
    """The conversation, with the teacher's action in the metadata of the replies."""
    from inspect_ai.model import ChatMessageUser

    corrections = {each.step: each for each in corrected.corrections}
    for number, step in enumerate(episode.steps):
        yield ChatMessageUser(content=step.observation, id=moments.name())
        reply = _reply(step, episode.policy, moments)
        reply.metadata = {"accepted": step.accepted, "score": step.score}
        if correction := corrections.get(number):
            reply.metadata["teacher"] = f"{verdict_in_words(correction)}: {correction.action}"
        yield reply
    yield ChatMessageUser(content=episode.final_observation, id=moments.name())


def _reply(step: Step, policy: str, moments: Moments) -> "ChatMessage":
    from inspect_ai.model import ChatMessageAssistant

    return ChatMessageAssistant(content=_answer(step), id=moments.name(), model=policy)


def _answer(step: Step) -> str:
    """Reason and action of a reply, or the whole reply where there is no action in it."""
    if not step.action:
        return step.reply or f"({kind_in_words(step.parse_status.value)})"
    return f"{step.reason}\n\n> {step.action}" if step.reason else f"> {step.action}"


def _details(step: Step) -> dict[str, Any]:
    details: dict[str, Any] = {
        "accepted": step.accepted,
        "parse_status": step.parse_status.value,
        "score": step.score,
        "reply": step.reply,
    }
    optional = {"admissible": step.admissible, "logprob": step.logprob, "held": step.held}
    return details | {name: value for name, value in optional.items() if value is not None}


def _outcome(episode: Episode) -> str:
    """How an episode ended, in words."""
    end = "solved" if episode.success else f"not solved ({kind_in_words(episode.stop.value)})"
    return f"{end}, {len(episode.steps)} actions"


def _tokens(episode: Episode) -> tuple[int, int]:
    return sum(step.prompt_tokens for step in episode.steps), sum(step.reply_tokens for step in episode.steps)


def _scores(episode: Episode) -> dict[str, "Score"]:
    from inspect_ai.scorer import Score

    parts = {score_name(name): Score(value=value) for name, value in episode.parts.items()}
    return {
        "success": Score(value=episode.success, answer=episode.stop.value, explanation=_outcome(episode)),
        "score": Score(value=episode.score),
        "actions": Score(value=len(episode.steps)),
        **parts,
    }


def _verdict_scores(corrected: CorrectedEpisode) -> dict[str, "Score"]:
    """How many steps have each verdict."""
    from inspect_ai.scorer import Score

    return {name: Score(value=value) for name, value in _verdicts(corrected).items()}


def _verdicts(corrected: CorrectedEpisode) -> dict[str, int]:
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
