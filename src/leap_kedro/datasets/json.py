"""One JSON value in a file."""

import json
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.errors import StorageError


class JsonDataset(AbstractDataset[Any, Any]):
    """A value of plain dicts, lists, strings and numbers, written whole or not at all."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the file.

        Args:
            filepath: Where the file is.
            metadata: For Kedro plugins.
        """
        self._path = Path(filepath)
        self.metadata = metadata

    def load(self) -> Any:
        """The value. Raises `StorageError` if the file is missing or no JSON."""
        return read_json(self._path)

    def save(self, data: Any) -> None:
        """Replace the file by `data`. Raises `StorageError` if it cannot be written."""
        write_text(self._path, json.dumps(data, indent=2, sort_keys=True))

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}


def read_json(path: Path) -> Any:
    """The JSON value in a file. Raises `StorageError` if it is missing or malformed."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StorageError(
            f"{path} does not exist: the stage that writes it has not finished. "
            "Run `kedro run --pipelines=leap_iteration`, which runs all that is missing."
        ) from error
    except json.JSONDecodeError as error:
        raise StorageError(f"{path} is not valid JSON ({error}): delete it and run the same command again.") from error
