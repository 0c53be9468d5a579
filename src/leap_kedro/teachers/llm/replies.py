"""Parses a teacher's reply, which is untrusted text that should be JSON of the expected form."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from leap_kedro.environments.protocol import Decision
from leap_kedro.language_models import Completion, Finish
from leap_kedro.records import Fault, Rejection
from leap_kedro.teachers.llm.tolerant_json import values_in

LONGEST_REPLY = 100_000
"""Characters of a reply; advice on each step of a long episode has a tenth of it."""
LONGEST_DETAIL = 200
"""Characters of a fault's detail."""

_ADVICE = {
    "verdict": {"type": "string", "enum": ["correct", "keep"]},
    "reason": {"type": "string"},
    "action": {"type": "string"},
}
_LIST = "corrections"


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    # Servers that hold a model to a schema want every property required and no others allowed.
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


STEP_SCHEMA = _object(_ADVICE)
"""Form of a reply about one step."""
EPISODE_SCHEMA = _object({_LIST: {"type": "array", "items": _object({"step": {"type": "integer"}, **_ADVICE})}})
"""Form of a reply about a whole episode; steps are numbered from 1."""

_UNANSWERED = {
    Finish.LENGTH: (Rejection.TRUNCATED, "cut off at the longest answer allowed (`model.max_tokens`)"),
    Finish.REFUSAL: (Rejection.REFUSED, "the model declined: "),
    Finish.CONTENT_FILTER: (Rejection.REFUSED, "the provider withheld the answer"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The content of a reply.

    Attributes:
        advice: Reason and action by index of the step; None: the student's own reply is kept. Steps that the teacher
            would not change may be absent.
        faults: What is wrong with the reply.
        usable: Whether the reply says anything that can be used, be it that there is nothing to change.
    """

    advice: Mapping[int, Decision | None] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    usable: bool = True


def read_episode(completion: Completion, steps: Collection[int], attempt: int = 0) -> Reading:
    """The advice on the steps of an episode.

    Of several JSON values the last whole one of the right form counts: a model that thinks aloud corrects itself. So
    does the last advice on a step.

    Args:
        completion: The reply.
        steps: Indices of the steps that were asked about.
        attempt: Which reply it is.
    """
    spoilt = _spoilt(completion, attempt, None)
    if spoilt:
        return spoilt
    found = [items for value in values_in(completion.answer) if (items := _items(value)) is not None]
    if not found:
        return _unusable(Rejection.UNREADABLE, f"no JSON of the form asked for: {completion.answer}", attempt, None)
    advice: dict[int, Decision | None] = {}
    strange: list[str] = []
    unread: list[str] = []
    for item in found[-1]:
        step = _number(item.get("step"))
        if step is None or step - 1 not in steps:
            strange.append(str(item.get("step")))
            continue
        try:
            advice[step - 1] = _advice(item)
        except _Unread as error:
            unread.append(f"step {step}: {error}")
    faults = []
    if strange:
        faults.append(_fault(Rejection.UNKNOWN_STEP, f"no such step: {', '.join(strange)}", attempt, None))
    if unread:
        faults.append(_fault(Rejection.UNREADABLE, "; ".join(unread), attempt, None))
    return Reading(advice, tuple(faults), usable=bool(advice) or not faults)


def read_step(completion: Completion, attempt: int = 0, *, step: int) -> Reading:
    """The advice on one step; as `read_episode`.

    Args:
        completion: The reply.
        attempt: Which reply it is.
        step: Index of the step that was asked about.
    """
    spoilt = _spoilt(completion, attempt, step)
    if spoilt:
        return spoilt
    found = [value for value in values_in(completion.answer) if isinstance(value, dict) and "verdict" in value]
    if not found:
        return _unusable(Rejection.UNREADABLE, f"no JSON of the form asked for: {completion.answer}", attempt, step)
    try:
        return Reading({step: _advice(found[-1])})
    except _Unread as error:
        return _unusable(Rejection.UNREADABLE, str(error), attempt, step)


class _Unread(ValueError):
    """The advice does not have the expected form; the message says how."""


def _advice(item: Mapping[str, Any]) -> Decision | None:
    """What is said of a step; None if the student's own reply stands.

    Raises:
        _Unread: If a field is no text.
    """
    texts = {}
    for name in ("reason", "action"):
        value = item.get(name)
        if value is not None and not isinstance(value, str):
            raise _Unread(f"`{name}` is no text")
        texts[name] = _visible(value or "")
    verdict = item.get("verdict")
    if isinstance(verdict, str) and verdict.strip().casefold() == "keep":
        return None
    return Decision(texts["reason"], texts["action"])


def _items(value: Any) -> list[Mapping[str, Any]] | None:
    """The advice in a JSON value of the right form; None if it is of another."""
    listed = value.get(_LIST) if isinstance(value, dict) else value or None
    if isinstance(listed, list) and all(isinstance(item, dict) for item in listed):
        return listed
    return None


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _spoilt(completion: Completion, attempt: int, step: int | None) -> Reading | None:
    if completion.finish in _UNANSWERED:
        rejection, detail = _UNANSWERED[completion.finish]
        return _unusable(rejection, detail + (completion.text if rejection is Rejection.REFUSED else ""), attempt, step)
    if not completion.answer.strip():
        thought = completion.thought or completion.text.strip()
        detail = "the model thought, and no answer followed" if thought else "the reply is empty"
        return _unusable(Rejection.EMPTY, detail, attempt, step)
    if len(completion.answer) > LONGEST_REPLY:
        detail = f"{len(completion.answer)} characters, more than {LONGEST_REPLY}"
        return _unusable(Rejection.TOO_LONG, detail, attempt, step)
    return None


def _unusable(rejection: Rejection, detail: str, attempt: int, step: int | None) -> Reading:
    return Reading(faults=(_fault(rejection, detail, attempt, step),), usable=False)


def _fault(rejection: Rejection, detail: str, attempt: int, step: int | None) -> Fault:
    return Fault(rejection, _visible(" ".join(detail.split()))[:LONGEST_DETAIL], attempt, step)


def _visible(text: str) -> str:
    """`text` without characters that nobody sees, which could part a name that must not be said."""
    return "".join(character for character in text if character.isprintable() or character.isspace())
