"""A text in a file."""

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.base import PathDataset


class TextDataset(PathDataset[str, str]):
    """A text (for example a page of HTML), written atomically."""

    def load(self) -> str:
        """The text."""
        return self._path.read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Replace the file. Raises `StorageError` if it cannot be written."""
        write_text(self._path, data)
