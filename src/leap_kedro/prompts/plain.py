"""Replies of language models as plain text: ``REASON: ...``, then ``ACTION: ...``."""

import re
from collections.abc import Sequence
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
    """Reason and action of a reply; tolerates markup of the labels and additional text.

    Thoughts before the answer are ignored. The first line of the last action counts, because models that think aloud
    correct themselves. Quotes around it are removed. A final full stop or a difference in case is corrected only to
    match a listed action.

    Args:
        text: The reply, untrusted.
        admissible: The listed actions; None if none are listed.
        finished: Whether the reply ended by itself and not at a limit.
    """
    answer = answer_of(text)
    labels = list(_ACTION.finditer(answer))
    reason = _REASON.sub("", answer[: labels[-1].start()] if labels else answer, count=1).strip()
    missing = _missing(text, answer, finished)
    if not labels:
        return ParsedReply(text, reason, "", missing)
    line, line_end, _ = answer[labels[-1].end() :].partition("\n")
    action = meant(line, admissible or ())
    if not action or (not finished and not line_end):
        return ParsedReply(text, reason, "", missing)
    return ParsedReply(text, reason, action, ParseStatus.OK)


def _missing(text: str, answer: str, finished: bool) -> ParseStatus:
    """The status of a reply without an action."""
    if text.strip() and not answer.strip():
        return ParseStatus.ONLY_THOUGHTS
    if not finished:
        return ParseStatus.TRUNCATED
    return ParseStatus.NO_ACTION if text.strip() else ParseStatus.EMPTY


@lru_cache(maxsize=50_000)
def stated(action: str) -> str:
    """An action in the form of a reply, from which `parse_reply` recovers it.

    It is the stripped action, in additional quotes if it would lose its own. An action of several lines cannot be
    recovered and is not changed.
    """
    bare = action.strip()
    for written in (bare, *(f"{quote}{bare}{quote}" for quote in _QUOTES)):
        if parse_reply(f"ACTION: {written}", None, finished=True).action == bare:
            return written
    return bare


def meant(line: str, admissible: Sequence[str]) -> str:
    """The action that one line of a reply states; quotes, case and a final full stop are corrected to a listed one."""
    if line.strip() in admissible:
        return line.strip()
    plain = _unquoted(line.strip())
    if admissible:
        listed = {action.casefold(): action for action in reversed(admissible)}
        for reading in (plain.casefold(), _unquoted(plain.rstrip(". ")).casefold()):
            if reading in listed:
                return listed[reading]
        for one in filter(is_open, admissible):
            before, after = around(one)
            reading = plain.rstrip(". ")
            if reading.casefold().startswith(before.casefold()) and reading.endswith(after):
                return filled(one, reading[len(before) : len(reading) - len(after)])
    return plain


def _unquoted(text: str) -> str:
    for quote in _QUOTES:
        if len(text) > 2 * len(quote) and text.startswith(quote) and text.endswith(quote):
            inner = text[len(quote) : -len(quote)]
            if quote not in inner:
                return inner.strip()
    return text
