"""What the datasets of this package have in common: one path, and errors that name it."""

from pathlib import Path
from typing import Any, TypeVar

from kedro.io import AbstractDataset

from leap_kedro.datasets.errors import StorageError

In = TypeVar("In")
Out = TypeVar("Out")


class PathDataset(AbstractDataset[In, Out]):
    """A dataset at one path. It is read-only unless a subclass defines `save`."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the dataset.

        Args:
            filepath: Path of its file or folder.
            metadata: For Kedro plugins.
        """
        self._path = Path(filepath)
        self.metadata = metadata

    def save(self, data: In) -> None:
        """Not possible: nothing is saved to a read-only dataset."""
        raise NotImplementedError(f"{type(self).__name__} is read-only.")

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}


def not_written(path: Path) -> StorageError:
    """The error to raise where an output that is to be read does not exist."""
    return StorageError(
        f"{path} does not exist: the stage that writes it has not finished. "
        "Run `kedro run --pipelines=leap_iteration`, which runs all that is missing."
    )
