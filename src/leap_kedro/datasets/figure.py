"""Plotly figures, which kedro-viz previews."""

from pathlib import Path
from typing import Any

from kedro_datasets._typing import PlotlyPreview
from kedro_datasets.plotly import JSONDataset

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.previews import last_made


class FigureDataset(JSONDataset):  # type: ignore[misc]
    """kedro-datasets' plotly JSON, written atomically, because an incomplete file would count as finished."""

    def save(self, data: Any) -> None:
        """Replace the file. Raises `StorageError` if it cannot be written."""
        write_text(Path(str(self._filepath)), data.to_json())

    def preview(self) -> PlotlyPreview:
        """What kedro-viz shows; see `last_made`."""
        return JSONDataset(filepath=str(last_made(Path(str(self._filepath))))).preview()
