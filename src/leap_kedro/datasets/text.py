"""A text in a file, and the texts in a folder."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.errors import StorageError


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


class TextFolderDataset(AbstractDataset[Any, dict[str, str]]):
    """The texts in a folder and the folders below it, by path without suffix. Read-only: people write them."""

    def __init__(self, filepath: str, suffix: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the folder.

        Args:
            filepath: Where the folder is.
            suffix: End of the names of the files that are read (``.jinja``).
            metadata: For Kedro plugins.
        """
        self._path = Path(filepath)
        self._suffix = suffix
        self.metadata = metadata

    def load(self) -> dict[str, str]:
        """Name -> text, in order of the names. Raises `StorageError` if a file is no UTF-8."""
        found = {}
        for file in sorted(self._path.rglob(f"*{self._suffix}")):
            try:
                found[file.relative_to(self._path).as_posix().removesuffix(self._suffix)] = file.read_text("utf-8")
            except UnicodeDecodeError as error:
                raise StorageError(f"{file} is no text in UTF-8: {error}. Save it as UTF-8.") from error
        return found

    def save(self, data: Any) -> None:
        """Nothing saves here."""
        raise NotImplementedError("A folder of texts is read-only.")

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path), "suffix": self._suffix}
