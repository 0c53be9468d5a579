"""Text files that are written atomically."""

import os
from collections.abc import Iterable
from pathlib import Path

from leap_kedro.datasets.errors import writing
from leap_kedro.records.atomic import replaced_file


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write `lines`, given without line ends, to `path`.

    Raises:
        StorageError: If the operating system refuses (disk full, read-only folder); `path` is then unchanged.
    """
    with writing(path), replaced_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write `text` and a line end to `path`, as `write_lines`."""
    write_lines(path, [text])
