"""The steps of an episode as messages and events of Inspect."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.wording import kind_in_words
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Step
from leap_kedro.reports.inspect.moments import Moments, usage
from leap_kedro.reports.inspect.teaching import calls_about_step, verdict_event, verdict_in_words

if TYPE_CHECKING:
    from inspect_ai.event import Event
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser

_SHOWN = 60  # characters of an action in the tree, which leaves room for the verdict


def step_events(episode: Episode, corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    """A span for each step: the observation with the reply, the teacher's calls and its verdict. Then how it ended."""
    from inspect_ai.event import InfoEvent

    corrections = {each.step: each for each in corrected.corrections}
    for number, step in enumerate(episode.steps):
        correction = corrections.get(number)
        verdict = f" [{verdict_in_words(correction)}]" if correction else ""
        refused = "" if step.accepted else " (refused)"
        done = step.action or kind_in_words(step.parse_status.value)
        title = f"{number + 1}. {done[:_SHOWN]}{refused}{verdict}"
        yield from moments.span(title, _step(episode.policy, step, number, corrected, correction, moments))
    data = {"observation": episode.final_observation, "score": episode.score, **episode.parts}
    yield InfoEvent(source=f"end: {outcome(episode)}", data=data, **moments.next())


def messages(
    episode: Episode, corrected: CorrectedEpisode, moments: Moments
) -> Iterator["ChatMessageUser | ChatMessageAssistant"]:
    """The conversation, with the teacher's verdict in the metadata of each reply."""
    from inspect_ai.model import ChatMessageUser

    corrections = {each.step: each for each in corrected.corrections}
    for number, step in enumerate(episode.steps):
        yield ChatMessageUser(content=step.observation, id=moments.name())
        reply = _reply(step, episode.policy, moments)
        reply.metadata = {"accepted": step.accepted, "score": step.score}
        if correction := corrections.get(number):
            reply.metadata["teacher"] = verdict_in_words(correction)
        yield reply
    yield ChatMessageUser(content=episode.final_observation, id=moments.name())


def outcome(episode: Episode) -> str:
    """How an episode ended, in words."""
    end = "solved" if episode.success else f"not solved ({kind_in_words(episode.stop.value)})"
    return f"{end}, {len(episode.steps)} actions"


def answer(step: Step) -> str:
    """Reason and action of a reply, or the whole reply where there is no action in it."""
    if not step.action:
        return step.reply or f"({kind_in_words(step.parse_status.value)})"
    return f"{step.reason}\n\n> {step.action}" if step.reason else f"> {step.action}"


def _step(
    policy: str, step: Step, number: int, corrected: CorrectedEpisode, correction: Correction | None, moments: Moments
) -> Iterator["Event"]:
    from inspect_ai.event import ModelEvent
    from inspect_ai.model import ChatMessageUser, GenerateConfig, ModelOutput

    output = ModelOutput.from_message(_reply(step, policy, moments))
    output.model = policy
    output.usage = usage(step.prompt_tokens, step.reply_tokens)
    yield ModelEvent(
        model=policy,
        input=[ChatMessageUser(content=step.observation, id=moments.name())],
        tools=[],
        tool_choice="none",
        config=GenerateConfig(),
        output=output,
        metadata=_details(step),
        **moments.next(),
    )
    yield from calls_about_step(corrected, number, moments)
    if correction is not None:
        yield verdict_event(correction, moments)


def _reply(step: Step, policy: str, moments: Moments) -> "ChatMessageAssistant":
    from inspect_ai.model import ChatMessageAssistant

    return ChatMessageAssistant(content=answer(step), id=moments.name(), model=policy)


def _details(step: Step) -> dict[str, Any]:
    details: dict[str, Any] = {
        "accepted": step.accepted,
        "parse_status": step.parse_status.value,
        "score": step.score,
        "reply": step.reply,
    }
    optional = {"admissible": step.admissible, "logprob": step.logprob, "held": step.held}
    return details | {name: value for name, value in optional.items() if value is not None}
