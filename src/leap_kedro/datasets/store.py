"""A store that grows record by record and survives being killed at any moment.

A node that fills a store returns a function: from the records that the store has already to an iterator of those that
are missing. The dataset calls it and appends each record as it comes, so that no finished record is made twice,
whichever runner runs the node, and however often.

While it grows the store is `NAME.partial`: one record per line. It gets its own name only when nothing is missing, so
that it counts as existing (for ``--only-missing-outputs``) exactly when it is complete. A last line without its line
end was torn by the end of the process that wrote it: it is cut off, and its record is made again.

One process writes the file, which the lock of the experiment guarantees.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from leap_kedro.datasets.errors import writing
from leap_kedro.datasets.records import RecordsFile, decode_lines, record_class
from leap_kedro.records import encode

Record = TypeVar("Record")
Missing: TypeAlias = Callable[[list[Record]], Iterable[Record]]
"""What a node returns for a store: the records so far -> those that are missing."""


class GrowingStoreDataset(RecordsFile[Missing[Any]]):
    """Records as JSON lines, appended one by one. Only a complete store can be loaded."""

    def save(self, data: Missing[Any]) -> None:
        """Append what is missing; after the last record the store is complete.

        Raises:
            StorageError: If it cannot be written; what was appended before is kept.
        """
        partial = self._path.with_name(f"{self._path.name}.partial")
        missing = iter(data(self._so_far(partial)))
        first = next(missing, None)
        if first is None and self._path.is_file():
            return
        with writing(self._path):
            partial.parent.mkdir(parents=True, exist_ok=True)
            if self._path.is_file() and not partial.exists():
                self._path.replace(partial)
            _cut_torn_line(partial)
        while first is not None:
            # Opened for each record: closing a file flushes it, so that a full disk is noticed inside `writing`.
            with writing(self._path), partial.open("ab") as file:
                file.write(f"{encode(first)}\n".encode())
            first = next(missing, None)
        with writing(self._path):
            with partial.open("ab") as file:
                os.fsync(file.fileno())
            partial.replace(self._path)

    def _so_far(self, partial: Path) -> list[Any]:
        """The whole records that are there, none if nothing was written yet; a torn last line is left out."""
        if self._path.is_file():
            return self.load()
        if not partial.is_file():
            return []
        return decode_lines(partial, partial.read_bytes().split(b"\n")[:-1], record_class(self._record))


def _cut_torn_line(partial: Path) -> None:
    if not partial.is_file():
        return
    with partial.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return
        file.seek(size - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
