"""Tables as CSV, which kedro-viz previews."""

from pathlib import Path
from typing import Any

from kedro_datasets.pandas import CSVDataset

from leap_kedro.datasets.atomic import write_text


class TableDataset(CSVDataset):  # type: ignore[misc]
    """kedro-datasets' CSV without the index, written atomically, because an incomplete file would count as finished."""

    def save(self, data: Any) -> None:
        """Replace the file. Raises `StorageError` if it cannot be written."""
        write_text(Path(str(self._filepath)), data.to_csv(index=False).rstrip("\n"))
