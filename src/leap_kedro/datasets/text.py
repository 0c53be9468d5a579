"""A text in a file, and the texts in a folder."""

from typing import Any

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.base import PathDataset
from leap_kedro.datasets.errors import StorageError


class TextDataset(PathDataset[str, str]):
    """A text (for example a page of HTML), written whole or not at all."""

    def load(self) -> str:
        """The text."""
        return self._path.read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Replace the file. Raises `StorageError` if it cannot be written."""
        write_text(self._path, data)


class TextFolderDataset(PathDataset[Any, dict[str, str]]):
    """The texts in a folder and its subfolders, by path without suffix. Read-only: people write them."""

    def __init__(self, filepath: str, suffix: str, metadata: dict[str, Any] | None = None) -> None:
        """Describe the folder.

        Args:
            filepath: Path of the folder.
            suffix: Suffix of the files that are read (``.jinja``).
            metadata: For Kedro plugins.
        """
        super().__init__(filepath, metadata)
        self._suffix = suffix

    def load(self) -> dict[str, str]:
        """Name -> text, sorted by name. Raises `StorageError` if a file is not UTF-8."""
        found = {}
        for file in sorted(self._path.rglob(f"*{self._suffix}")):
            try:
                found[file.relative_to(self._path).as_posix().removesuffix(self._suffix)] = file.read_text("utf-8")
            except UnicodeDecodeError as error:
                raise StorageError(f"{file} is no text in UTF-8: {error}. Save it as UTF-8.") from error
        return found

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "suffix": self._suffix}
