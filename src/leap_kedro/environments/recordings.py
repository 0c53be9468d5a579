"""Recorded answers of an original implementation, and differences from a native one."""

import lzma
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from leap_kedro.environments.protocol import TaskDataError

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between a recorded and a native answer.

    Attributes:
        episode: Name of the episode.
        step: Number of the action that is answered, from 1; 0 for the start.
        action: The action; "" for the start.
        what: Name of the field that differs.
        recorded: Value of the original.
        native: Value of the native implementation.
    """

    episode: str
    step: int
    action: str
    what: str
    recorded: object
    native: object

    def __str__(self) -> str:
        """The difference in three lines."""
        return (
            f"{self.episode}, step {self.step} ({self.action!r}): {self.what} differs\n"
            f"  recorded: {self.recorded!r}\n"
            f"  native:   {self.native!r}"
        )


def compare(
    episode: str, step: int, action: str, recorded: Mapping[str, Any], native: Mapping[str, object]
) -> list[Difference]:
    """The differences between a recorded and a native answer to an action, in the fields of `native`."""
    return [
        Difference(episode, step, action, what, recorded[what], native[what])
        for what in native
        if recorded[what] != native[what]
    ]


def require(part: object, keys: frozenset[str]) -> None:
    """Raise `ValueError` if a part of a recording is not an object with all the keys."""
    if missing := keys - part.keys() if isinstance(part, dict) else keys:
        raise ValueError(f"without {', '.join(sorted(missing))}")


def read_recordings(path: Path, parse: Callable[[str], Record]) -> Iterator[Record]:
    """The result of `parse` for each line of a file, plain or compressed (``.xz``).

    Raises:
        TaskDataError: If the file cannot be read or is empty, or `parse` raises `ValueError` at a line.
    """
    number = 0
    try:
        with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield _parsed(path, number, line, parse)
    except (OSError, UnicodeDecodeError, EOFError, lzma.LZMAError) as error:
        raise TaskDataError(f"The recordings {path} cannot be read, after line {number}: {error}") from error
    if not number:
        raise TaskDataError(f"The recordings {path} are empty.")


def _parsed(path: Path, number: int, line: str, parse: Callable[[str], Record]) -> Record:
    try:
        return parse(line)
    except ValueError as error:
        raise TaskDataError(f"The recordings {path} cannot be read, line {number}: {error}") from error
