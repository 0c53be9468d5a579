"""Whole files or none: a reader never meets half a file."""

import os
from collections.abc import Iterable
from pathlib import Path

from leap_kedro.datasets.errors import writing


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write `lines` (without line ends) to `path` under a temporary name, then rename it into place.

    Raises:
        StorageError: If the operating system refuses (disk full, read-only folder); `path` is as it was before.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                for line in lines:
                    file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            if temporary.parent.is_dir():
                temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` and a line end to `path`, wholly or not at all.

    Raises:
        StorageError: As `write_lines`.
    """
    write_lines(path, [text])
