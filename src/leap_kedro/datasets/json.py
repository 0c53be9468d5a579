"""One JSON value in a file."""

import json
from typing import Any

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.base import PathDataset, not_written
from leap_kedro.datasets.errors import StorageError


class JsonDataset(PathDataset[Any, Any]):
    """A value of plain dicts, lists, strings and numbers, written whole or not at all."""

    def load(self) -> Any:
        """The value. Raises `StorageError` if the file is missing or not JSON."""
        try:
            return json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise not_written(self._path) from error
        except json.JSONDecodeError as error:
            raise StorageError(
                f"{self._path} is no JSON ({error}): delete it and run the same command again."
            ) from error

    def save(self, data: Any) -> None:
        """Replace the file by `data`. Raises `StorageError` if it cannot be written."""
        write_text(self._path, json.dumps(data, indent=2, sort_keys=True))
