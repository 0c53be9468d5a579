"""Reads official JSON files entry by entry; like Python's `json`, it accepts `NaN` and `Infinity`.

The original loads whole files of gigabytes. Here only the current part of a file is in memory.
"""

import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, TextIO

from leap_kedro.environments.protocol import TaskDataError

_CHUNK = 1 << 20  # characters
_LONGEST_SIGN = 16  # no name of a number and no escape is longer
_FOLLOWING = frozenset(",:]}")
_BLANKS = re.compile(r"[ \t\n\r]*")
_WHAT_TO_DO = "Get the official file again (docs/webshop.md)."
_KINDS = {"[": "a list", "{": "an object"}


def read_items(path: Path) -> Iterator[Any]:
    """The elements of the list in a file.

    Raises:
        TaskDataError: If the file cannot be read, is not complete JSON, or is not a list.
    """
    return (value for _, value in _located(path, "["))


def read_pairs(path: Path) -> Iterator[tuple[str, Any]]:
    """The names and values of the object in a file.

    Raises:
        TaskDataError: As `read_items`, for an object.
    """
    return _located(path, "{")


def _located(path: Path, opening: str) -> Iterator[tuple[str, Any]]:
    count = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for entry in _entries(_Reader(file), opening):
                yield entry
                count += 1
    except _OtherKind as error:
        raise TaskDataError(f"{path} has to be {_KINDS[opening]}, and {error}. {_WHAT_TO_DO}") from None
    except (ValueError, RecursionError) as error:
        reason = error.msg.removesuffix(" at") if isinstance(error, JSONDecodeError) else str(error)
        raise TaskDataError(
            f"{path} is not a complete JSON file: after {count} entries: {reason}. {_WHAT_TO_DO}"
        ) from error
    except OSError as error:
        raise TaskDataError(f"{path} cannot be read: {error.strerror}.") from error


def _entries(reader: "_Reader", opening: str) -> Iterator[tuple[str, Any]]:
    closing = "]" if opening == "[" else "}"
    first = reader.sign()
    if first != opening:
        begin = f"begins with {first!r}" if first else "is empty"
        raise _OtherKind(f"it is {_KINDS[first]}" if first in _KINDS else f"it {begin}")
    reader.skip()
    if reader.sign() == closing:
        reader.skip()
    else:
        while True:
            name = ""
            if opening == "{":
                name = _name(reader)
            reader.sign()
            yield name, reader.value()
            if reader.sign() == closing:
                reader.skip()
                break
            reader.expect(",")
    if reader.sign():
        raise ValueError("more text follows its end")


def _name(reader: "_Reader") -> str:
    if reader.sign() != '"':
        raise ValueError("a name in double quotes is missing")
    name = str(reader.value())
    reader.expect(":")
    return name


class _OtherKind(ValueError):
    """The file is not a list, or not an object, as expected."""


class _Reader:
    """The remaining text of a file, read as needed."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text, self._place, self._whole = "", 0, False

    def sign(self) -> str:
        """The next non-blank character; "" at the end."""
        while True:
            self._place = self._after_blanks(self._place)
            if self._place < len(self._text):
                return self._text[self._place]
            if self._whole:
                return ""
            self._read_on()

    def skip(self) -> None:
        """Skip the character that `sign` returned."""
        self._place += 1

    def expect(self, sign: str) -> None:
        """Skip `sign`. Raises `ValueError` if something else is next."""
        if self.sign() != sign:
            raise ValueError(f"{sign!r} is missing")
        self.skip()

    def value(self) -> Any:
        """The value that begins here. Raises `ValueError` if there is none."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._text) - _LONGEST_SIGN
                if self._whole or not cut:
                    raise
            else:
                place = self._after_blanks(end)
                following = self._text[place : place + 1]
                # Otherwise a number may continue in the unread part.
                if self._whole or following in _FOLLOWING or (following and end < len(self._text) - _LONGEST_SIGN):
                    self._place = end
                    return value
            self._read_on()

    def _after_blanks(self, place: int) -> int:
        found = _BLANKS.match(self._text, place)
        return found.end() if found else place

    def _read_on(self) -> None:
        rest = self._text[self._place :]
        more = self._file.read(max(_CHUNK, len(rest)))
        self._text, self._place, self._whole = rest + more, 0, not more


_DECODER = JSONDecoder()
