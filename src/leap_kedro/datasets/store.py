"""A store that grows record by record and survives a kill at any moment.

A node that fills a store returns a function from the stored records to an iterator of the missing ones. The dataset
calls it and appends each record, so that no finished record is repeated, with any runner and in any number of runs.

An incomplete store is `NAME.partial`, with one record per line. It is renamed when nothing is missing, so that it
exists (for ``--only-missing-outputs``) exactly when it is complete. A last line without a line end was interrupted: it
is deleted, and its record is made again.

The lock of the experiment guarantees that only one process writes the file.
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
"""What a node returns for a store: stored records -> missing ones."""


class GrowingStoreDataset(RecordsFile[Missing[Any]]):
    """Records as JSON lines that are appended one by one. Only a complete store can be loaded."""

    def save(self, data: Missing[Any]) -> None:
        """Append the missing records, after which the store is complete.

        Raises:
            StorageError: If it cannot be written; appended records are kept.
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
        """The complete records in the store, without an interrupted last line."""
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
