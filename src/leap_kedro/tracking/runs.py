"""The MLflow runs of an experiment, found again by their tags when it is continued."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from leap_kedro.tracking.connection import connect, read_settings

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from mlflow import MlflowClient

EXPERIMENT_TAG = "leap.experiment"
KIND_TAG = "leap.kind"
ITERATION_TAG = "leap.iteration"
RETIRED_TAG = "leap.retired"


class _Shape(NamedTuple):
    """How a run is named and found; braces are filled from `ExperimentRuns.values`."""

    name: str
    tags: Mapping[str, str] = {}
    parent: str = ""
    step: str = "0"
    own: Mapping[str, str | None] = {"iteration": None}


_PRIVILEGE = "correction.privilege"  # parameter
_SEEDS: dict[str, str | None] = {"iteration": None, "seed": None}
_LEVEL = {"leap.privilege": "{level}"}
_SHAPES = {
    "experiment": _Shape("{experiment}"),
    "iteration": _Shape(
        "{experiment} iteration {iteration}", {ITERATION_TAG: "{iteration}"}, "experiment", "{iteration}", {}
    ),
    "evaluation": _Shape("{policy} on {split}", {"leap.policy": "{policy}", "leap.split": "{split}"}),
    "baselines": _Shape("{experiment} baselines", {}, "experiment"),
    "methods": _Shape("{experiment} methods", own={"iteration": None, "seed": None}),
    "base_model": _Shape("base model {environment}", {"leap.environment": "{environment}"}),
    "ablation": _Shape("{experiment} realizability ablation", {}, "", "{seed}", {**_SEEDS, _PRIVILEGE: None}),
    "privilege_level": _Shape(
        "{experiment} privilege {level}", _LEVEL, "ablation", "{seed}", {**_SEEDS, _PRIVILEGE: "{level}"}
    ),
}


@dataclass(frozen=True, slots=True)
class Run:
    """A run in MLflow.

    Attributes:
        id: Its id.
        kind: Its kind, the tag `leap.kind`.
        parent: Its parent run.
        step: Place of its values on the horizontal axis of the charts: the iteration, in the ablation the seed.
        own: Parameters whose value differs from the Kedro run's; None: the run does not have the parameter.
    """

    id: str
    kind: str
    parent: "Run | None"
    step: int
    own: Mapping[str, str | None]

    @property
    def of_ablation(self) -> bool:
        """Whether several seeds share the run."""
        return self.kind in ("ablation", "privilege_level")

    @property
    def experiment(self) -> str:
        """Id of the experiment's run, if this is that run or an iteration; otherwise ""."""
        if self.kind == "iteration" and self.parent:
            return self.parent.id
        return self.id if self.kind == "experiment" else ""


@dataclass(frozen=True)
class ExperimentRuns:
    """Finds and creates the runs of one experiment.

    Attributes:
        client: Client of the tracking server.
        mlflow_experiment: Id of the MLflow experiment.
        name: Name of the LEAP experiment.
        values: Values that distinguish its runs: iteration, seed, environment, policy and split of an evaluation.
    """

    client: "MlflowClient"
    mlflow_experiment: str
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    _known: dict[str, Run] = field(default_factory=dict, repr=False)

    def get(self, run: str) -> Run:
        """A run, which is created if it is missing; `run` as in `catalog.Entry`."""
        if run not in self._known:
            self._known[run] = self._find_or_make(run)
        return self._known[run]

    def retire(self) -> int:
        """Mark all runs as retired, so that a new start of the experiment gets new runs; returns their number."""
        runs = list(self._all())
        for run in runs:
            self.client.set_tag(run.info.run_id, RETIRED_TAG, "true")
        self._known.clear()
        return len(runs)

    def _find_or_make(self, run: str) -> Run:
        from mlflow.tracking.context.registry import resolve_tags

        level = run.removeprefix("level_")
        kind = {level: run, "start": "ablation"}.get(run, "privilege_level")
        shape, values = _SHAPES[kind], {**self.values, "experiment": self.name, "level": level}
        parent = self.get(shape.parent) if shape.parent else None
        tags = {EXPERIMENT_TAG: self.name, KIND_TAG: kind, **({"mlflow.parentRunId": parent.id} if parent else {})}
        tags |= {name: value.format(**values) for name, value in shape.tags.items()}
        found = (run for run in self._all() if RETIRED_TAG not in run.data.tags)
        mlflow_run = next((run for run in found if tags.items() <= run.data.tags.items()), None)
        if mlflow_run is None:
            # The tags that `mlflow.start_run` would set: user, source, git commit.
            tags = {**resolve_tags(), **tags}
            mlflow_run = self.client.create_run(self.mlflow_experiment, tags=tags, run_name=shape.name.format(**values))
        own = {name: value and value.format(**values) for name, value in shape.own.items()}
        return Run(mlflow_run.info.run_id, kind, parent, int(shape.step.format(**values)), own)

    def _all(self) -> Iterator[Any]:
        token = None
        while True:
            page = self.client.search_runs(
                [self.mlflow_experiment], f"tags.`{EXPERIMENT_TAG}` = '{self.name}'", page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return


def runs_of(context: "KedroContext", experiment: str) -> ExperimentRuns:
    """The runs of a LEAP experiment on a context's server. Raises `MlflowFailed` if MLflow cannot be used."""
    return ExperimentRuns(*connect(read_settings(context)), experiment)
