"""Tables as CSV, which kedro-viz previews."""

from pathlib import Path
from typing import Any

from kedro_datasets._typing import TablePreview
from kedro_datasets.pandas import CSVDataset

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.previews import last_made


class TableDataset(CSVDataset):  # type: ignore[misc]
    """kedro-datasets' CSV without the index, written atomically, because an incomplete file would count as finished."""

    def save(self, data: Any) -> None:
        """Replace the file. Raises `StorageError` if it cannot be written."""
        write_text(Path(str(self._filepath)), data.to_csv(index=False).rstrip("\n"))

    def preview(self, nrows: int = 5) -> TablePreview:
        """What kedro-viz shows, at most `nrows` rows; see `last_made`."""
        return CSVDataset(filepath=str(last_made(Path(str(self._filepath))))).preview(nrows)
