"""Results of earlier iterations: one dataset of each iteration of an experiment, by iteration.

Read-only. Kedro's graph has no cycles, so a node that needs pi_{k-1} or D_0..D_{k-1} reads them here. The path has
`[k]` in the place of the iteration.
"""

import re
from abc import abstractmethod
from pathlib import Path
from typing import Any, Generic, TypeVar

from leap_kedro.datasets.base import PathDataset
from leap_kedro.datasets.json import JsonDataset
from leap_kedro.datasets.policy import SUCCESS, SavedPolicy, read_policy
from leap_kedro.datasets.records import read_records, record_class

Value = TypeVar("Value")

PLACE = "[k]"
"""Stands for the iteration in the path of a history."""


class _HistoryDataset(PathDataset[Any, dict[int, Value]], Generic[Value]):
    """Values of the iterations that have one, by rising iteration."""

    @abstractmethod
    def _read(self, path: Path) -> Value | None:
        """The value of one iteration, or None if it is not finished."""

    def load(self) -> dict[int, Value]:
        """Iteration -> value."""
        before, after = self._path.as_posix().split(PLACE)
        root = Path(before).parent
        shape = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
        values: dict[int, Value] = {}
        for path in root.glob(f"{Path(before).name}*{after}"):
            if match := shape.fullmatch(path.as_posix()):
                value = self._read(path)
                if value is not None:
                    values[int(match[1])] = value
        return dict(sorted(values.items()))

    def _exists(self) -> bool:
        return True


class PolicyHistoryDataset(_HistoryDataset[SavedPolicy]):
    """pi_k by k."""

    def _read(self, path: Path) -> SavedPolicy | None:
        return read_policy(path) if (path / SUCCESS).is_file() else None


class JsonHistoryDataset(_HistoryDataset[Any]):
    """A JSON value by iteration."""

    def _read(self, path: Path) -> Any:
        return JsonDataset(path.as_posix()).load()


class RecordsHistoryDataset(_HistoryDataset[list[Any]]):
    """A list of records by iteration."""

    def __init__(self, filepath: str, record: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the files; `record` as for `RecordsDataset`."""
        super().__init__(filepath, metadata)
        self._record = record

    def _read(self, path: Path) -> list[Any]:
        return read_records(path, record_class(self._record))
