"""What people look at: pages and plots, written whole or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro_datasets.plotly import JSONDataset

from leap_kedro.datasets.atomic import write_text

if TYPE_CHECKING:
    import plotly.graph_objects as go


class TextDataset(AbstractDataset[str, str]):
    """A text file."""

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
        """Replace the file by `data`. Raises `StorageError` if it cannot be written."""
        write_text(self._path, data)

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}


class FigureDataset(JSONDataset):  # type: ignore[misc]
    """A Plotly figure as JSON, which kedro-viz previews."""

    def save(self, data: "go.Figure") -> None:
        """Replace the file by `data`. Raises `StorageError` if it cannot be written."""
        write_text(Path(str(self._filepath)), data.to_json())
