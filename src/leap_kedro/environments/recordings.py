"""Recorded answers of an original implementation, and where a native one answers otherwise."""

import lzma
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from leap_kedro.environments.protocol import TaskDataError

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the native implementation answers otherwise.

    Attributes:
        episode: Name of the episode.
        step: Number of the action that it answers, from 1; 0 for the start.
        action: The action; "" for the start.
        what: What differs.
        recorded: What the original answered.
        native: What the native implementation answers.
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
    """Where the answer to an action differs from the recorded one; what `native` lacks is not compared."""
    return [
        Difference(episode, step, action, what, recorded[what], native[what])
        for what in native
        if recorded[what] != native[what]
    ]


def require(part: object, keys: frozenset[str]) -> None:
    """Raise `ValueError` unless a part of a recording is an object with all the keys."""
    if missing := keys - part.keys() if isinstance(part, dict) else keys:
        raise ValueError(f"without {', '.join(sorted(missing))}")


def read_recordings(path: Path, parse: Callable[[str], Record]) -> Iterator[Record]:
    """What `parse` makes of each line of a file, plain or compressed (``.xz``).

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
