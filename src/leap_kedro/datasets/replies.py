"""Replies to learn as a Hugging Face dataset: a folder with one Parquet file."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from leap_kedro.datasets.base import PathDataset, not_written
from leap_kedro.datasets.errors import writing
from leap_kedro.records.atomic import replaced_file
from leap_kedro.training.export import ReplyRow

_FILE = "train.parquet"
"""`datasets` derives the name of the split from it."""
_ROWS_AT_ONCE = 1000


class RepliesDataset(PathDataset[Iterable[ReplyRow], Any]):
    """Rows of `training.export` in a folder for ``datasets.load_dataset(FOLDER, split="train")``.

    Columns keep their types even if no row has a value: a D_k without rejected replies has the same columns.
    """

    def load(self) -> Any:
        """A `datasets.Dataset`. Raises `StorageError` if there is none."""
        from datasets import Dataset
        from pyarrow.parquet import read_table

        file = self._path / _FILE
        if not file.is_file():
            raise not_written(file)
        return Dataset(read_table(file))

    def save(self, data: Iterable[ReplyRow]) -> None:
        """Replace the folder's file atomically. Raises `StorageError` if it cannot be written."""
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
        columns = ("prompt", "completion", "chosen", "rejected", "privileged_context", "messages")
        schema = pa.schema([(name, pa.string() if name == "privileged_context" else messages) for name in columns])
        rows = iter(data)
        with (
            writing(self._path),
            replaced_file(self._path / _FILE) as temporary,
            ParquetWriter(temporary, schema, compression="zstd") as writer,
        ):
            while some := list(islice(rows, _ROWS_AT_ONCE)):
                writer.write_table(pa.Table.from_pylist(some, schema=schema))

    def _exists(self) -> bool:
        return (self._path / _FILE).is_file()
