"""Parses JSON as written by language models: in fences or prose, with trailing commas, Python's words and quotes.

Nothing is evaluated. The time is linear in the length of the text, because values nest at most `DEEPEST` levels.
"""

import re
from collections.abc import Iterator
from typing import Any

DEEPEST = 8
"""Maximum levels of nesting."""

_OPENING = re.compile(r"[{\[]")
_SPACE = re.compile(r"(?:\s|//[^\n]{0,300}\n|/\*[^*]{0,300}\*/)*")
_TEXT = {quote: re.compile(rf"{quote}([^{quote}\\]*(?:\\.[^{quote}\\]*)*){quote}", re.DOTALL) for quote in "\"'"}
_WORD = re.compile(r"[^\s,:\[\]{}\"']+")
_NAME = re.compile(r"[A-Za-z_]\w*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_WORDS: dict[str, bool | None] = {"true": True, "True": True, "false": False, "False": False}
_WORDS |= dict.fromkeys(("null", "None", "undefined", "NaN"))


class _NotJson(Exception):
    """There is no value here."""


def values_in(text: str) -> Iterator[Any]:
    """All complete outermost objects and lists in a text, in order."""
    at = 0
    while opening := _OPENING.search(text, at):
        try:
            value, at = _value(text, opening.start(), DEEPEST)
        except _NotJson:
            at = opening.end()
        else:
            yield value


def _value(text: str, at: int, levels: int) -> tuple[Any, int]:
    """The value that begins at `at`, and the place after it."""
    first = text[at : at + 1]
    if first == "{":
        return _object(text, at, levels)
    if first == "[":
        return _list(text, at, levels)
    if first in _TEXT:
        return _string(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise _NotJson
    if word[0] in _WORDS:
        return _WORDS[word[0]], word.end()
    if _NUMBER.fullmatch(word[0]):
        number = float(word[0])
        return (int(number) if number.is_integer() else number), word.end()
    raise _NotJson


def _object(text: str, at: int, levels: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at = _inside(text, at, levels)
    while text[at : at + 1] != "}":
        name, at = _key(text, at)
        at = _past(text, at)
        if text[at : at + 1] != ":":
            raise _NotJson
        found[name], at = _value(text, _past(text, at + 1), levels - 1)
        at = _separated(text, at, "}")
    return found, at + 1


def _list(text: str, at: int, levels: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _inside(text, at, levels)
    while text[at : at + 1] != "]":
        value, at = _value(text, at, levels - 1)
        found.append(value)
        at = _separated(text, at, "]")
    return found, at + 1


def _inside(text: str, at: int, levels: int) -> int:
    if levels == 0:
        raise _NotJson
    return _past(text, at + 1)


def _separated(text: str, at: int, closing: str) -> int:
    """The place of the next member or the closing bracket; a comma before that bracket is allowed."""
    at = _past(text, at)
    if text[at : at + 1] == ",":
        return _past(text, at + 1)
    if text[at : at + 1] != closing:
        raise _NotJson
    return at


def _key(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] in _TEXT:
        return _string(text, at)
    name = _NAME.match(text, at)
    if name is None:
        raise _NotJson
    return name[0], name.end()


def _string(text: str, at: int) -> tuple[str, int]:
    match = _TEXT[text[at]].match(text, at)
    if match is None:
        raise _NotJson
    plain = _ESCAPE.sub(_unescaped, match[1])
    # Characters beyond 16 bits are written as surrogate pairs; an unpaired surrogate is not valid text.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), match.end()


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)


def _past(text: str, at: int) -> int:
    """The place after white space and comments."""
    match = _SPACE.match(text, at)
    return match.end() if match else at
