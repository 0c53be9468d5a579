"""What a teacher said about an episode, and what it was shown, as events of Inspect."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.wording import kind_in_words
from leap_kedro.records import CorrectedEpisode, Correction, Exchange, PrivilegedState, Verdict
from leap_kedro.reports.inspect.moments import Moments

if TYPE_CHECKING:
    from inspect_ai.event import Event

PRIVILEGED = "PRIVILEGED, hidden from the student"
"""Marks what only the teacher may see."""


def verdict_in_words(correction: Correction) -> str:
    """The start of what is shown beside a step: `kept`, `corrected`, `rejected: leaked`."""
    if correction.rejection is not None:
        return f"rejected: {kind_in_words(correction.rejection.value)}"
    return "kept" if correction.verdict is Verdict.KEEP else "corrected"


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
    return InfoEvent(
        source=f"teacher {correction.teacher}: {verdict_in_words(correction)}", data=said, **moments.next()
    )


def privileged_events(corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    """The privileged state, calls about the whole episode and faults of replies, in a span of their own."""
    from inspect_ai.event import InfoEvent

    calls = [each for each in corrected.exchanges if each.step is None]
    if not (corrected.hidden or calls or corrected.faults):
        return
    with moments.span(f"{PRIVILEGED}: what the teacher saw") as (begin, end):
        yield begin()
        if corrected.hidden is not None:
            yield InfoEvent(
                source=f"state at the start ({PRIVILEGED})", data=_facts(corrected.hidden), **moments.next()
            )
        for call in calls:
            yield from exchange_events(call, corrected, moments)
        for fault in corrected.faults:
            where = {} if fault.step is None else {"step": fault.step + 1}
            data = {"fault": fault.rejection.value, "detail": fault.detail, **where}
            yield InfoEvent(source="fault of the teacher's reply", data=data, **moments.next())
        yield end()


def exchange_events(exchange: Exchange, corrected: CorrectedEpisode, moments: Moments) -> Iterator["Event"]:
    """A call to the teacher with its prompt, which holds privileged facts, and its reply."""
    from inspect_ai.event import ModelEvent
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig, ModelOutput

    teacher = corrected.corrections[0].teacher if corrected.corrections else "teacher"
    classes = {"system": ChatMessageSystem, "assistant": ChatMessageAssistant}
    prompt = [classes.get(role, ChatMessageUser)(content=text, id=moments.name()) for role, text in exchange.prompt]
    reply = ChatMessageAssistant(content=exchange.reply, id=moments.name(), model=teacher)
    output = ModelOutput.from_message(reply, "max_tokens" if exchange.finish == "length" else "stop")
    output.model = teacher
    output.usage = moments.usage(exchange.prompt_tokens, exchange.reply_tokens)
    again = ", asked again" if exchange.attempt else ""
    with moments.span(f"call of the teacher{again} ({PRIVILEGED})") as (begin, end):
        yield begin()
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
        yield end()


def _facts(hidden: PrivilegedState) -> dict[str, Any]:
    return {
        "task": hidden.task,
        "essentials": list(hidden.essentials),
        "facts": list(hidden.facts),
        "plan": list(hidden.plan),
    }
