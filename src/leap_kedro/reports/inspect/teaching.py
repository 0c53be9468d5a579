"""What a teacher said about an episode, and what it was shown, as events of Inspect."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.wording import kind_in_words
from leap_kedro.records import CorrectedEpisode, Correction, Exchange, PrivilegedState, Verdict
from leap_kedro.reports.inspect.moments import Moments, usage

if TYPE_CHECKING:
    from inspect_ai.event import Event

PRIVILEGED = "PRIVILEGED, hidden from the student"
"""Marks what only the teacher may see."""


def verdict_in_words(correction: Correction) -> str:
    """What is shown beside a step: `kept`, `corrected: ACTION`, `rejected: leaked`."""
    if correction.rejection is not None:
        return f"rejected: {kind_in_words(correction.rejection.value)}"
    return "kept" if correction.verdict is Verdict.KEEP else f"corrected: {correction.action}"


def verdict_event(correction: Correction, moments: Moments) -> "Event":
    """The teacher's verdict on a step, with its reason and action."""
    from inspect_ai.event import InfoEvent

    said: dict[str, Any] = {
        "verdict": correction.verdict.value,
        "action": correction.action,
        "reason": correction.reason,
    }
    if correction.rejection is not None:
        said["rejected"] = correction.rejection.value
    if correction.leaked:
        said[f"leaked ({PRIVILEGED})"] = list(correction.leaked)
    if correction.untried:
        said["untried"] = True
    return InfoEvent(source=f"teacher {correction.teacher}", data=said, **moments.next())


def calls_about_step(corrected: CorrectedEpisode, step: int, moments: Moments) -> Iterator["Event"]:
    """The teacher's calls about one step, from 0."""
    for exchange in corrected.exchanges:
        if exchange.step == step:
            yield from _call(exchange, corrected, moments)


def privileged_events(corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    """The privileged state, calls about the whole episode and faults of replies, in a span of their own if any."""
    if corrected.hidden or corrected.faults or any(each.step is None for each in corrected.exchanges):
        yield from moments.span(f"{PRIVILEGED}: what the teacher saw", _seen(corrected, moments))


def _seen(corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    from inspect_ai.event import InfoEvent

    if corrected.hidden is not None:
        yield InfoEvent(source=f"state at the start ({PRIVILEGED})", data=_facts(corrected.hidden), **moments.next())
    for exchange in corrected.exchanges:
        if exchange.step is None:
            yield from _call(exchange, corrected, moments)
    for fault in corrected.faults:
        where = {} if fault.step is None else {"step": fault.step + 1}
        data = {"fault": fault.rejection.value, "detail": fault.detail, **where}
        yield InfoEvent(source="fault of the teacher's reply", data=data, **moments.next())


def _facts(hidden: PrivilegedState) -> dict[str, Any]:
    lists = {"essentials": hidden.essentials, "facts": hidden.facts, "plan": hidden.plan}
    return {"task": hidden.task, **{name: list(texts) for name, texts in lists.items()}}


def _call(exchange: Exchange, corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    """A call to the teacher in full. Its prompt holds privileged facts."""
    again = ", asked again" if exchange.attempt else ""
    yield from moments.span(f"call of the teacher{again} ({PRIVILEGED})", _exchange(exchange, corrected, moments))


def _exchange(exchange: Exchange, corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    from inspect_ai.event import ModelEvent
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig, ModelOutput

    teacher = corrected.corrections[0].teacher if corrected.corrections else "teacher"
    classes = {"system": ChatMessageSystem, "assistant": ChatMessageAssistant}
    prompt = [classes.get(role, ChatMessageUser)(content=text, id=moments.name()) for role, text in exchange.prompt]
    reply = ChatMessageAssistant(content=exchange.reply, id=moments.name(), model=teacher)
    output = ModelOutput.from_message(reply, "max_tokens" if exchange.finish == "length" else "stop")
    output.model = teacher
    output.usage = usage(exchange.prompt_tokens, exchange.reply_tokens)
    yield ModelEvent(
        model=teacher,
        role="teacher",
        input=prompt,
        tools=[],
        tool_choice="none",
        config=GenerateConfig(),
        output=output,
        cache="read" if exchange.cached else None,
        metadata={"finish": exchange.finish},
        **moments.next(),
    )
