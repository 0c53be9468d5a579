"""A training as a dataset: the report of what was trained, beside the folder that it was trained in."""

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
"""What a node returns for a training: the folder to train in -> the report, as plain values."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training.

    Attributes:
        report: What it did: steps, tokens, losses, seconds ...
        workspace: The folder with what it made.
    """

    report: Mapping[str, Any]
    workspace: Path


class TrainingDataset(PathDataset[Train, Trained]):
    """Runs a training in its workspace, once: where there is a report, the training is finished.

    A training that was killed continues from the last checkpoint in the workspace.
    """

    def __init__(self, filepath: str, workspace: Mapping[str, str], metadata: dict[str, Any] | None = None) -> None:
        """Describe the places.

        Args:
            filepath: Where the report is.
            workspace: ``path`` of the folder to train in (Kedro makes paths of this name absolute).
            metadata: For Kedro plugins.
        """
        super().__init__(filepath, metadata)
        self.workspace = Path(workspace["path"])

    def load(self) -> Trained:
        """Report and workspace. Raises `StorageError` if the training has not finished."""
        return Trained(read_json(self._path), self.workspace)

    def save(self, data: Train) -> None:
        """Train, unless that is finished. Raises `StorageError` if a file cannot be written."""
        if self._exists():
            return
        with writing(self.workspace):
            self.workspace.mkdir(parents=True, exist_ok=True)
        write_text(self._path, json.dumps(data(self.workspace), indent=2, sort_keys=True))

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "workspace": str(self.workspace)}
