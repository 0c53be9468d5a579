"""The base class of the datasets, and the error for a missing file."""

from pathlib import Path
from typing import Any, TypeVar

from kedro.io import AbstractDataset

from leap_kedro.datasets.errors import StorageError

In = TypeVar("In")
Out = TypeVar("Out")


class PathDataset(AbstractDataset[In, Out]):
    """A dataset at one path. It is read-only unless a subclass defines `save`."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the dataset: path of its file or folder, and metadata for Kedro plugins."""
        self._path = Path(filepath)
        self.metadata = metadata

    def save(self, data: In) -> None:
        """Not possible: the dataset is read-only."""
        raise NotImplementedError(f"{type(self).__name__} is read-only.")

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}


def not_written(path: Path) -> StorageError:
    """The error to raise if a file that should be read does not exist."""
    return StorageError(
        f"{path} does not exist: the stage that writes it has not finished. "
        "Run `kedro run --pipelines=leap_iteration`, which runs what is missing."
    )
