"""How a catalog entry says what MLflow gets of it.

    metadata:
      mlflow: {kind: evaluation}

Declared in the catalog and not as kedro-mlflow datasets: those count as existing only while their run is active, which
makes `--only-missing-outputs` repeat work that is done.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What a dataset is to MLflow."""

    EVALUATION = "evaluation"
    """JSON: one `EvaluationSummary` or a list of them. Metrics of the iterations that they name."""
    METRICS = "metrics"
    """JSON: its numbers are metrics named after it, its lists of [step, number] are histories."""
    TRAINING = "training"
    """Folder that a node trains in: the loss is logged as it comes. What it ends with is in the node's METRICS."""
    DATA = "data"
    """A file of records that the run trained on: an input with digest."""
    POLICY = "policy"
    """A folder: a version in the registry."""
    CHAMPION = "champion"
    """JSON with the champion's `iteration`: an alias in the registry."""
    ABLATION = "ablation"
    """JSON: a list of `LevelSummary`, one a privilege level."""
    BASELINES = "baselines"
    """JSON: a list of `EvaluationSummary`, of players that are compared. Metrics named by player."""
    FIGURE = "figure"
    """A plotly figure that is stored as a page of HTML."""
    REPORT = "report"
    """A file that is stored as artifact."""
    EPISODES = "episodes"
    """Episodes of an evaluation: a sample is logged as traces."""
    CORRECTIONS = "corrections"
    """Corrected episodes: the calls to a teacher that were recorded in full are logged as traces."""
    PROMPTS = "prompts"
    """JSON: prompts by name. Versions in the prompt registry."""


class Tracked(BaseModel):
    """The entry `mlflow` of a dataset's metadata.

    Attributes:
        kind: What the dataset is to MLflow.
        name: Name that it has there (group of the metrics, name of the input); the dataset's own if empty.
        iteration: Iteration that it belongs to; the session's if None.
        level: Privilege level that it belongs to, in the ablation.
        baselines: Whether it belongs to the run of the baselines, in place of an iteration's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    name: str = ""
    iteration: int | None = Field(default=None, ge=0)
    level: int | None = Field(default=None, ge=0, le=100)
    baselines: bool = False


def tracked(dataset: Any) -> Tracked | None:
    """What the catalog says MLflow gets of a dataset; None if nothing.

    Raises:
        pydantic.ValidationError: If the metadata is malformed.
    """
    metadata = getattr(dataset, "metadata", None) or {}
    return Tracked.model_validate(metadata["mlflow"]) if "mlflow" in metadata else None


def path_of(dataset: Any) -> Path:
    """Where a dataset's file or folder is."""
    return Path(str(dataset._describe()["filepath"]))


def tracked_outputs(catalog: Any, names: Iterable[str]) -> dict[str, Tracked]:
    """Those of the datasets that MLflow gets something of, champions last: they name a policy that must be there."""
    found = {name: entry for name, entry in _entries(catalog, names) if entry.kind is not Kind.TRAINING}
    return dict(sorted(found.items(), key=lambda item: item[1].kind is Kind.CHAMPION))


def training_folders(catalog: Any, names: Iterable[str]) -> dict[str, Tracked]:
    """Those of the datasets that are folders of a training whose loss MLflow gets."""
    return {name: entry for name, entry in _entries(catalog, names) if entry.kind is Kind.TRAINING}


def _entries(catalog: Any, names: Iterable[str]) -> Iterator[tuple[str, Tracked]]:
    for name in sorted(names):
        if name in catalog and (entry := tracked(catalog.get(name))):
            yield name, entry
