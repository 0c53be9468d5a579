"""Separates the thoughts of a reasoning model from its answer.

Models that reason put their thoughts between marks, in front of the answer. Some templates write the opening mark into
the prompt, so that a reply may hold the closing one alone; it counts where it begins or ends a line, so that a command
may hold the mark.
"""

import re

_NAMES = r"(?:think|thinking|thought|reasoning|seed:think)"
_OPENING = rf"(?:<{_NAMES}>|\[THINK\]|◁think▷|<\|channel\|>analysis)"
_CLOSING = rf"(?:</{_NAMES}>|\[/THINK\]|◁/think▷|<\|channel\|>final(?:<\|message\|>)?)"
_OPENS = re.compile(rf"\s*{_OPENING}", re.IGNORECASE)
_CLOSES = re.compile(_CLOSING, re.IGNORECASE)
_ENDS_LINE = re.compile(rf"^[ \t]*{_CLOSING}|{_CLOSING}[ \t]*\n(?=\s*\S)", re.IGNORECASE | re.MULTILINE)


def answer_of(text: str) -> str:
    """The answer in a reply: what follows the thoughts, or all of it if there are none; "" if it is all thoughts."""
    opened = _OPENS.match(text) is not None
    closed = (_CLOSES if opened else _ENDS_LINE).search(text)
    if closed is None:
        return "" if opened else text
    return answer_of(text[closed.end() :].strip())
