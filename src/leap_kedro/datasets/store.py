"""A store that grows record by record and survives being killed at any moment.

While it grows its name is `NAME.partial`: one record per line, appended as it comes. It gets its own name only when
nothing is pending any more, so it counts as existing (for `--only-missing-outputs`) exactly when it is complete. A last
line without its line end was torn when the process that wrote it ended: it is cut off, and its record is pending again.

The lock of the experiment guarantees that only one process writes the file.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leap_kedro.datasets.errors import writing
from leap_kedro.datasets.records import RecordsFile, decode_lines, record_class
from leap_kedro.records import encode


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a node yields to a growing store.

    Attributes:
        records: New records.
        complete: Whether these are the last ones.
    """

    records: Sequence[Any]
    complete: bool = False


def chunks(records: Iterable[Any]) -> Iterator[Chunk]:
    """A chunk for each record as it comes, then the mark that the store is complete."""
    for record in records:
        yield Chunk([record])
    yield Chunk([], complete=True)


class GrowingStoreDataset(RecordsFile[Chunk]):
    """Output of a generator node: each `Chunk` that it yields is appended. Only a complete store can be loaded."""

    def save(self, data: Chunk) -> None:
        """Append a chunk; after the last one the store is complete.

        Raises:
            StorageError: If it cannot be written; what was appended before is kept.
        """
        partial = _partial(self._path)
        with writing(self._path):
            partial.parent.mkdir(parents=True, exist_ok=True)
            if self._path.is_file() and not partial.exists():
                self._path.replace(partial)
            _cut_torn_line(partial)
            with partial.open("ab") as file:
                file.write("".join(f"{encode(record)}\n" for record in data.records).encode())
                file.flush()
                if data.complete:
                    os.fsync(file.fileno())
            if data.complete:
                partial.replace(self._path)


class StoreSoFarDataset(RecordsFile[Any]):
    """Input of the node that fills a `GrowingStoreDataset` of the same file: the records of an earlier run."""

    def load(self) -> list[Any]:
        """The whole records in the store, none if there is no store yet; a torn last line is left out."""
        partial = _partial(self._path)
        if self._path.is_file():
            return super().load()
        if not partial.is_file():
            return []
        return decode_lines(partial, partial.read_bytes().split(b"\n")[:-1], record_class(self._record))

    def _exists(self) -> bool:
        return True


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


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
