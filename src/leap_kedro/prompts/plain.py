"""Replies as plain text, ``REASON: ...`` then ``ACTION: ...``: what language models are asked to write."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from leap_kedro.environments.actions import around, filled, is_open
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.prompts.thoughts import answer_of
from leap_kedro.records import ParseStatus

_LABEL = r"^[ \t>#-]*(\*\*|__|)[ \t]*{name}[ \t]*(?::[ \t]*\1|\1[ \t]*:)[ \t]*"
_FLAGS = re.IGNORECASE | re.MULTILINE
_ACTION = re.compile(_LABEL.format(name="action") + r"(?:\s*```\w*\s)?\s*", _FLAGS)
_REASON = re.compile(_LABEL.format(name="(?:reason(?:ing)?|thought)"), _FLAGS)
_QUOTES = ("`", '"', "'", "**")


def parse_reply(text: str, admissible: Sequence[str] | None, finished: bool) -> ParsedReply:
    """Reason and action of a reply; tolerant of marks around the labels and of more text around them.

    Nothing is read from thoughts that stand in front of the answer.

    The last action counts, since a model that thinks aloud corrects itself; of it the first line. Quotes around it are
    taken off; a final full stop or other case only where the listed actions say which one is meant.

    Args:
        text: The reply, untrusted.
        admissible: The actions listed; None if none are.
        finished: Whether the reply came to its own end, rather than to a limit.
    """
    answer = answer_of(text)
    labels = list(_ACTION.finditer(answer))
    reason = _REASON.sub("", answer[: labels[-1].start()] if labels else answer, count=1).strip()
    missing = _missing(text, answer, finished)
    if not labels:
        return ParsedReply(text, reason, "", missing)
    line, line_end, _ = answer[labels[-1].end() :].partition("\n")
    action = _meant(line, admissible or ())
    if not action or (not finished and not line_end):
        return ParsedReply(text, reason, "", missing)
    return ParsedReply(text, reason, action, ParseStatus.OK)


def _missing(text: str, answer: str, finished: bool) -> ParseStatus:
    """Why a reply has no action, if it has none."""
    if not finished:
        return ParseStatus.TRUNCATED
    if answer.strip():
        return ParseStatus.NO_ACTION
    return ParseStatus.ONLY_THOUGHTS if text.strip() else ParseStatus.EMPTY


@lru_cache(maxsize=50_000)
def stated(action: str) -> str:
    """An action as a reply states it: `parse_reply` reads it back from there.

    It is the action itself, but for the space around it; one that would lose its quotes is put into others. One of
    several lines cannot be stated, and is left as it is.
    """
    bare = action.strip()
    for written in (bare, *(f"{quote}{bare}{quote}" for quote in _QUOTES)):
        if parse_reply(f"ACTION: {written}", None, finished=True).action == bare:
            return written
    return bare


def _meant(line: str, admissible: Sequence[str]) -> str:
    if line.strip() in admissible:
        return line.strip()
    plain = _unquoted(line.strip())
    if admissible:
        listed = {action.casefold(): action for action in reversed(admissible)}
        for reading in _readings(plain):
            if reading in listed:
                return listed[reading]
        for one in filter(is_open, admissible):
            before, after = around(one)
            reading = plain.rstrip(". ")
            if reading.casefold().startswith(before.casefold()) and reading.endswith(after):
                return filled(one, reading[len(before) : len(reading) - len(after)])
    return plain


def _readings(plain: str) -> Iterator[str]:
    yield plain.casefold()
    yield _unquoted(plain.rstrip(". ")).casefold()


def _unquoted(text: str) -> str:
    for quote in _QUOTES:
        if len(text) > 2 * len(quote) and text.startswith(quote) and text.endswith(quote):
            inner = text[len(quote) : -len(quote)]
            if quote not in inner:
                return inner.strip()
    return text
