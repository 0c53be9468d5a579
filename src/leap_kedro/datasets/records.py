"""Records in a file of JSON lines."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro.utils import load_obj
from pydantic import ValidationError

from leap_kedro.datasets.atomic import write_lines
from leap_kedro.datasets.base import In, PathDataset, not_written
from leap_kedro.datasets.errors import StorageError
from leap_kedro.records import decode, encode


def record_class(name: str) -> type[Any]:
    """The record class that a catalog entry names: `Episode`, or a full dotted path."""
    found: type[Any] = load_obj(name, "leap_kedro.records")
    return found


def read_records(path: Path, kind: type[Any]) -> list[Any]:
    """All records of `path`.

    Raises:
        StorageError: If the file is missing or a line is malformed.
    """
    if not path.is_file():
        raise not_written(path)
    return decode_lines(path, path.read_bytes().splitlines(), kind)


def decode_lines(path: Path, lines: Iterable[bytes], kind: type[Any]) -> list[Any]:
    """The records in `lines` of `path`.

    Raises:
        StorageError: If a line is malformed.
    """
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(decode(kind, line))
        except ValidationError as error:
            raise StorageError(
                f"{path}, line {number}, is not a {kind.__name__}: {error.errors()[0]['msg']}. The file was edited or "
                "comes from another version: delete it and run the same command again."
            ) from error
    return records


class RecordsFile(PathDataset[In, list[Any]]):
    """A file of records of one class."""

    def __init__(self, filepath: str, record: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the file.

        Args:
            filepath: Path of the file.
            record: Class of the records, by its name in `leap_kedro.records` or a dotted path.
            metadata: For Kedro plugins.
        """
        super().__init__(filepath, metadata)
        self._record = record

    def load(self) -> list[Any]:
        """All records, in file order. Raises `StorageError` if the file is missing or malformed."""
        return read_records(self._path, record_class(self._record))

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "record": self._record}


class RecordsDataset(RecordsFile[Iterable[Any]]):
    """A list of records of one class as JSON lines, replaced as a whole."""

    def save(self, data: Iterable[Any]) -> None:
        """Replace the file by `data`. Raises `StorageError` if it cannot be written."""
        write_lines(self._path, (encode(record) for record in data))
