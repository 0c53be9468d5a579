"""One JSON value in a file."""

import json
from pathlib import Path
from typing import Any

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.base import PathDataset, not_written
from leap_kedro.datasets.errors import StorageError


class JsonDataset(PathDataset[Any, Any]):
    """A value of plain dicts, lists, strings and numbers, written atomically."""

    def load(self) -> Any:
        """The value. Raises `StorageError` if the file is missing or malformed."""
        return read_json(self._path)

    def save(self, data: Any) -> None:
        """Replace the file by `data`. Raises `StorageError` if it cannot be written."""
        write_text(self._path, json.dumps(data, indent=2, sort_keys=True))


def read_json(path: Path) -> Any:
    """The JSON value in a file. Raises `StorageError` if it is missing or malformed."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise not_written(path) from error
    except json.JSONDecodeError as error:
        raise StorageError(f"{path} is not valid JSON ({error}): delete it and run the same command again.") from error
