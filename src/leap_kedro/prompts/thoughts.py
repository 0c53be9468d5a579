"""Separates a model's thoughts from its answer.

Reasoning models put their thoughts between marks before the answer. Some templates include the opening mark in the
prompt, so a reply may contain only the closing one. It counts at the start or end of a line, so that commands may
contain it.
"""

import re

_NAMES = r"(?:think|thinking|thought|reasoning|seed:think)"
_OPENING = rf"(?:<{_NAMES}>|\[THINK\]|◁think▷|<\|channel\|>analysis)"
_CLOSING = rf"(?:</{_NAMES}>|\[/THINK\]|◁/think▷|<\|channel\|>final(?:<\|message\|>)?)"
_MARKS = re.compile(_OPENING, re.IGNORECASE)
_OPENS = re.compile(rf"\s*{_OPENING}", re.IGNORECASE)
_CLOSES = re.compile(_CLOSING, re.IGNORECASE)
_ENDS_LINE = re.compile(rf"^[ \t]*{_CLOSING}|{_CLOSING}[ \t]*\n(?=\s*\S)", re.IGNORECASE | re.MULTILINE)


def answer_of(text: str) -> str:
    """The part of a reply after the thoughts; "" if it consists only of thoughts."""
    opened = _OPENS.match(text) is not None
    closed = (_CLOSES if opened else _ENDS_LINE).search(text)
    if closed is None:
        return "" if opened else text
    return answer_of(text[closed.end() :].strip())


def left_open(text: str) -> str:
    """The mark that ends the thoughts in which a text stops; "" if it does not stop in thoughts."""
    opened = next(reversed([*_MARKS.finditer(text)]), None)
    if opened is None or _CLOSES.search(text, opened.end()):
        return ""
    return re.sub(r"^[<\[◁]", r"\g<0>/", opened[0])


def opening_in(text: str) -> str:
    """The first mark in a text that begins thoughts; "" if there is none."""
    found = _MARKS.search(text)
    return found[0] if found else ""


def closing_in(text: str) -> str:
    """The first mark in a text that ends thoughts; "" if there is none."""
    found = _CLOSES.search(text)
    return found[0] if found else ""
