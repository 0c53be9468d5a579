"""How a dataset is logged to MLflow: the entry `mlflow` of its metadata in the catalog.

    metadata: {mlflow: artifact}                                            # the kind alone
    metadata: {mlflow: {kind: metrics, name: training}}                     # metrics `training/...`
    metadata: {mlflow: {kind: metrics, name: training, run: "level_{p}"}}   # of another run than the iteration's

`kind` is the kind of the dataset (`Kind`), `name` its name in MLflow: group of the metrics, name of the input.
`run` is the run to which it is logged: `iteration` (the default), `experiment` (the parent, for all of iteration 0),
`evaluation` (of a saved policy), `baselines`, `methods`, `base_model`, `ablation` (also called `start`), `level_P`
(privilege P).
The name of the dataset must stay the same, so that a continued run knows what it has logged.
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

START = "start"
"""Run of the datasets that the privilege levels of an ablation share: the ablation's own."""


class Kind(StrEnum):
    """Kinds of logged datasets."""

    METRICS = "metrics"
    """JSON: each number is a metric `NAME/...`, each list of [step, number] a history. A training: its report, and
    its losses while it runs."""
    MANIFEST = "manifest"
    """The manifest of an iteration: the seconds of each node are metrics `seconds/NODE`."""
    EVALUATION = "evaluation"
    """JSON: one `EvaluationSummary` or a list. Metrics by split; those of the run `start` are called `pi_0/...`."""
    COMPARISON = "comparison"
    """JSON: a list of `EvaluationSummary` (of players) of `LevelSummary` (run `ablation`) or of `MethodSummary` (run
    `methods`). Metrics, and a table that becomes the description of the run."""
    INPUT = "input"
    """A file of records for training: an input with digest, called `name` or, without a name, D_k."""
    POLICY = "policy"
    """A folder: a registry version with the alias `pi_k`. JSON with the best `iteration`: the alias `champion`."""
    ARTIFACT = "artifact"
    """A file, stored under `reports`; a plotly figure is stored as a page of HTML."""
    BASE = "base"
    """JSON: name and commit of the base model, as the tag `leap.base`."""
    TRACES = "traces"
    """Episodes: a sample of them as traces. Corrected episodes: those with recorded calls to a teacher."""
    PROMPTS = "prompts"
    """JSON: prompts by name, as versions in the prompt registry."""


class Entry(BaseModel):
    """The entry `mlflow` of a dataset's metadata."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    name: str = ""
    run: str = Field(
        default="iteration",
        pattern=r"^(iteration|experiment|evaluation|baselines|methods|base_model|ablation|start|level_\d+)$",
    )

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value


def entries(catalog: Any, names: Iterable[str]) -> dict[str, Entry]:
    """The entries of the datasets that are logged to MLflow.

    Raises:
        pydantic.ValidationError: If an entry is malformed.
    """
    found = {name: getattr(catalog.get(name), "metadata", None) or {} for name in sorted(names) if name in catalog}
    return {name: Entry.model_validate(metadata["mlflow"]) for name, metadata in found.items() if "mlflow" in metadata}


def path_of(dataset: Any) -> Path:
    """The file or folder of a dataset."""
    return Path(str(dataset._describe()["filepath"]))
