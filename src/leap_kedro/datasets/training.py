"""A training as a dataset: its report, beside its workspace."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.base import PathDataset
from leap_kedro.datasets.errors import writing
from leap_kedro.datasets.json import read_json

Train: TypeAlias = Callable[[Path], Mapping[str, Any]]
"""What a node returns for a training: workspace -> report, as plain values."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training.

    Attributes:
        report: Steps, tokens, losses, seconds and more.
        workspace: The folder with its files.
    """

    report: Mapping[str, Any]
    workspace: Path


class TrainingDataset(PathDataset[Train, Trained]):
    """Runs a training in its workspace, once: it is finished when the report exists.

    A training that was killed continues from the last checkpoint in the workspace.
    """

    def __init__(self, filepath: str, workspace: Mapping[str, str], metadata: dict[str, Any] | None = None) -> None:
        """Describe the places.

        Args:
            filepath: File of the report.
            workspace: ``path`` of the workspace (Kedro makes paths of this name absolute).
            metadata: For Kedro plugins.
        """
        super().__init__(filepath, metadata)
        self.workspace = Path(workspace["path"])

    def load(self) -> Trained:
        """Report and workspace. Raises `StorageError` if the training has not finished."""
        return Trained(read_json(self._path), self.workspace)

    def save(self, data: Train) -> None:
        """Train, unless the training is finished. Raises `StorageError` if a file cannot be written."""
        if self._exists():
            return
        with writing(self.workspace):
            self.workspace.mkdir(parents=True, exist_ok=True)
        write_text(self._path, json.dumps(data(self.workspace), indent=2, sort_keys=True))

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "workspace": str(self.workspace)}
