"""A text in a file."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from leap_kedro.datasets.atomic import write_text


class TextDataset(AbstractDataset[str, str]):
    """A text (a page of HTML, say), written whole or not at all."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the file.

        Args:
            filepath: Where the file is.
            metadata: For Kedro plugins.
        """
        self._path = Path(filepath)
        self.metadata = metadata

    def load(self) -> str:
        """The text."""
        return self._path.read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Replace the file. Raises `StorageError` if it cannot be written."""
        write_text(self._path, data)

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}
