"""A store that grows record by record and survives being killed at any moment.

While it grows it is `NAME.partial`: one record a line, appended as it comes. It gets its own name only when nothing
more is owed, so that it counts as existing (for `--only-missing-outputs`) exactly when it is complete. A last line
without its line end was torn by the end of the process that wrote it: it is cut off, and its record is owed again.

The file is written by one process, which the lock of the experiment guarantees.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from leap_kedro.datasets.errors import writing
from leap_kedro.datasets.records import decode_lines, read_records, record_class
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


class GrowingStoreDataset(AbstractDataset[Chunk, list[Any]]):
    """Output of a generator node: each `Chunk` that it yields is appended."""

    def __init__(self, filepath: str, record: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the store.

        Args:
            filepath: Where the complete store is.
            record: Class of the records, by its name in `leap_kedro.records` or a dotted path.
            metadata: For Kedro plugins.
        """
        self._path = Path(filepath)
        self._record = record
        self.metadata = metadata

    def load(self) -> list[Any]:
        """All records of the complete store. Raises `StorageError` if it is not complete."""
        return read_records(self._path, record_class(self._record))

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

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path), "record": self._record}


class StoreSoFarDataset(AbstractDataset[Any, list[Any]]):
    """Input of the node that fills a `GrowingStoreDataset`: the records that an earlier run left there."""

    def __init__(self, filepath: str, record: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the store, with the arguments of its `GrowingStoreDataset`."""
        self._path = Path(filepath)
        self._record = record
        self.metadata = metadata

    def load(self) -> list[Any]:
        """The whole records that are there, none if nothing was written yet; a torn last line is left out."""
        kind = record_class(self._record)
        if self._path.is_file():
            return read_records(self._path, kind)
        partial = _partial(self._path)
        if not partial.is_file():
            return []
        whole = partial.read_bytes().split(b"\n")[:-1]
        return decode_lines(partial, whole, kind)

    def save(self, data: Any) -> None:
        """Nothing saves here: the `GrowingStoreDataset` of the same file does."""
        raise NotImplementedError("The store so far is read-only.")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path), "record": self._record}


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
