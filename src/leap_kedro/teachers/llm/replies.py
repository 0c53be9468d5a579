"""Reads a teacher's replies, which may not be JSON of the expected form."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from leap_kedro.environments.protocol import Decision
from leap_kedro.language_models import Completion, Finish
from leap_kedro.records import Fault, Rejection
from leap_kedro.teachers.llm.tolerant_json import values_in

LONGEST_REPLY = 100_000
"""Maximum characters of a reply, ten times the length of advice on each step of a long episode."""
LONGEST_DETAIL = 200
"""Maximum characters of a fault's detail."""

_ADVICE = {
    "verdict": {"type": "string", "enum": ["correct", "keep"]},
    "reason": {"type": "string"},
    "action": {"type": "string"},
}
_LIST = "corrections"


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    # Servers that enforce a schema require that all properties are required and no others allowed.
    properties = dict(properties)
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


STEP_SCHEMA = _object(_ADVICE)
"""Schema of a reply about one step."""
EPISODE_SCHEMA = _object({_LIST: {"type": "array", "items": _object({"step": {"type": "integer"}, **_ADVICE})}})
"""Schema of a reply about a whole episode; steps are numbered from 1."""

_UNANSWERED = {
    Finish.LENGTH: (Rejection.TRUNCATED, "cut off at the longest answer allowed (`model.max_tokens`)"),
    Finish.REFUSAL: (Rejection.REFUSED, "the model declined: "),
    Finish.CONTENT_FILTER: (Rejection.REFUSED, "the provider withheld the answer"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The content of a reply.

    Attributes:
        advice: Advice by index of the step; None, or a missing step, keeps the student's own reply.
        faults: Faults of the reply.
        usable: Whether anything in the reply can be used, even if it changes nothing.
    """

    advice: Mapping[int, Decision | None] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    usable: bool = True


def read_episode(completion: Completion, steps: Collection[int], attempt: int = 0) -> Reading:
    """The advice on the steps of an episode.

    The last complete JSON value of the right form counts, and the last advice on a step, because models that think
    aloud correct themselves.

    Args:
        completion: The reply.
        steps: Valid indices of steps.
        attempt: Number of the reply, from 0.
    """
    if spoilt := _spoilt(completion, attempt, None):
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
    """Advice on the step with the index `step`; see `read_episode`."""
    if spoilt := _spoilt(completion, attempt, step):
        return spoilt
    found = [value for value in values_in(completion.answer) if isinstance(value, dict) and "verdict" in value]
    if not found:
        return _unusable(Rejection.UNREADABLE, f"no JSON of the form asked for: {completion.answer}", attempt, step)
    try:
        return Reading({step: _advice(found[-1])})
    except _Unread as error:
        return _unusable(Rejection.UNREADABLE, str(error), attempt, step)


class _Unread(ValueError):
    """Advice is not of the required form; the message gives the reason."""


def _advice(item: Mapping[str, Any]) -> Decision | None:
    """The advice on a step; None to keep the student's own reply.

    Raises:
        _Unread: If a field is not a text.
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
    """The list of advice in a JSON value; None if it has another form."""
    listed = value.get(_LIST) if isinstance(value, dict) else value or None
    return listed if isinstance(listed, list) and all(isinstance(item, dict) for item in listed) else None


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
    """`text` without invisible characters, which could hide a secret name from the checks."""
    return "".join(character for character in text if character.isprintable() or character.isspace())
