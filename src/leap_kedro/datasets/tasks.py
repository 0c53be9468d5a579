"""The tasks of an experiment: one file of JSON lines per split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from leap_kedro.datasets.atomic import write_lines
from leap_kedro.datasets.base import PathDataset
from leap_kedro.datasets.records import read_records
from leap_kedro.records import Task, encode

SPLITS = ("train", "validation", "test")
"""Splits of an experiment, without overlap."""


class TasksDataset(PathDataset[Mapping[str, Sequence[Task]], dict[str, list[Task]]]):
    """Tasks by split, in the files ``<split>.jsonl`` of a folder."""

    def load(self) -> dict[str, list[Task]]:
        """Split -> tasks. Raises `StorageError` if a file is missing or malformed."""
        return {split: read_records(self._file(split), Task) for split in SPLITS}

    def save(self, data: Mapping[str, Sequence[Task]]) -> None:
        """Replace the files. Raises `StorageError` if one cannot be written."""
        for split in SPLITS:
            write_lines(self._file(split), (encode(task) for task in data[split]))

    def _file(self, split: str) -> Path:
        return self._path / f"{split}.jsonl"

    def _exists(self) -> bool:
        return all(self._file(split).is_file() for split in SPLITS)
