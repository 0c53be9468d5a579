"""The MLflow runs of an experiment, found again by their tags when it is continued."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from leap_kedro.tracking.connection import connect

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from mlflow import MlflowClient

EXPERIMENT_TAG = "leap.experiment"
KIND_TAG = "leap.kind"
ITERATION_TAG = "leap.iteration"
POLICY_TAG = "leap.policy"
SPLIT_TAG = "leap.split"
ENVIRONMENT_TAG = "leap.environment"
PRIVILEGE_TAG = "leap.privilege"
RETIRED_TAG = "leap.retired"
PARENT_TAG = "mlflow.parentRunId"


class RunKind(StrEnum):
    """What a run stands for."""

    EXPERIMENT = "experiment"
    """The parent: learning curves (step = iteration), and all of iteration 0 (D_0, pi_0)."""
    ITERATION = "iteration"
    """One LEAP iteration."""
    EVALUATION = "evaluation"
    """A policy evaluated by hand."""
    ABLATION = "ablation"
    """The parent of an experiment's privilege levels: their means over seeds (step = privilege)."""
    LEVEL = "privilege_level"
    """One privilege level of the ablation (step = seed)."""
    BASELINES = "baselines"
    """What the policies of an experiment are compared with."""
    BASE_MODEL = "base_model"
    """The training of the base model."""


@dataclass(frozen=True)
class ExperimentRuns:
    """Finds and makes the runs of one experiment.

    Attributes:
        client: Client of the tracking server.
        mlflow_experiment: Id of the MLflow experiment that the runs are in.
        name: Name of the LEAP experiment.
    """

    client: "MlflowClient"
    mlflow_experiment: str
    name: str
    _known: dict[frozenset[tuple[str, str]], str] = field(default_factory=dict, repr=False)

    def parent(self) -> str:
        """Id of the parent run."""
        return self._find_or_make(RunKind.EXPERIMENT, self.name, {})

    def iteration(self, number: int) -> str:
        """Id of iteration `number`'s run; that of iteration 0 is the parent."""
        if number == 0:
            return self.parent()
        tags = {ITERATION_TAG: str(number), PARENT_TAG: self.parent()}
        return self._find_or_make(RunKind.ITERATION, f"{self.name} iteration {number}", tags)

    def evaluation(self, policy: str, split: str) -> str:
        """Id of the run of an evaluation by hand."""
        tags = {POLICY_TAG: policy, SPLIT_TAG: split}
        return self._find_or_make(RunKind.EVALUATION, f"{policy} on {split}", tags)

    def ablation(self) -> str:
        """Id of the ablation's parent run."""
        return self._find_or_make(RunKind.ABLATION, f"{self.name} realizability ablation", {})

    def level(self, privilege: int) -> str:
        """Id of the run of one privilege level, a child of the ablation's."""
        tags = {PRIVILEGE_TAG: str(privilege), PARENT_TAG: self.ablation()}
        return self._find_or_make(RunKind.LEVEL, f"{self.name} privilege {privilege}", tags)

    def baselines(self) -> str:
        """Id of the run of the baselines, a child of the experiment's."""
        return self._find_or_make(RunKind.BASELINES, f"{self.name} baselines", {PARENT_TAG: self.parent()})

    def base_model(self, environment: str) -> str:
        """Id of the run of the training of an environment's base model."""
        return self._find_or_make(RunKind.BASE_MODEL, f"base model {environment}", {ENVIRONMENT_TAG: environment})

    def open(self, run: str) -> None:
        """Mark a run as running, also one that was killed or has failed before."""
        self.client.update_run(run, status="RUNNING")

    def close(self, run: str, status: str) -> None:
        """Mark a run as ended: FINISHED, FAILED or KILLED."""
        self.client.set_terminated(run, status)

    def retire(self) -> int:
        """Set all runs aside, so that the experiment, begun anew under its name, gets fresh ones.

        Returns:
            Number of runs set aside. They stay to be looked at.
        """
        runs = list(self._runs())
        for run in runs:
            self.client.set_tag(run.info.run_id, RETIRED_TAG, "true")
        self._known.clear()
        return len(runs)

    def _find_or_make(self, kind: RunKind, name: str, tags: dict[str, str]) -> str:
        wanted = {EXPERIMENT_TAG: self.name, KIND_TAG: kind.value, **tags}
        key = frozenset(wanted.items())
        if key not in self._known:
            self._known[key] = self._find(wanted) or self._make(name, wanted)
        return self._known[key]

    def _find(self, wanted: dict[str, str]) -> str | None:
        for run in self._runs():
            if RETIRED_TAG not in run.data.tags and wanted.items() <= run.data.tags.items():
                return str(run.info.run_id)
        return None

    def _make(self, name: str, tags: dict[str, str]) -> str:
        from mlflow.tracking.context.registry import resolve_tags

        # resolve_tags gives what `mlflow.start_run` would: user, source, git commit.
        made = self.client.create_run(self.mlflow_experiment, tags={**resolve_tags(), **tags}, run_name=name)
        return str(made.info.run_id)

    def _runs(self) -> Iterator[Any]:
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
    """The runs of a LEAP experiment on a context's server.

    Raises:
        MlflowFailed: If MLflow cannot be reached, refuses, or its file cannot be used.
    """
    configuration = connect(context)
    mlflow_experiment = configuration.tracking.experiment._experiment.experiment_id
    return ExperimentRuns(configuration.server._mlflow_client, mlflow_experiment, experiment)


@contextmanager
def active(client: "MlflowClient", run: str) -> Iterator[None]:
    """Make `run` the active one for MLflow's functions that log to nothing else."""
    import mlflow

    current = mlflow.active_run()
    if current is not None and current.info.run_id == run:
        yield
        return
    with mlflow.start_run(run_id=run, nested=True):
        yield
    # Leaving the block has ended the run, which goes on.
    client.update_run(run, status="RUNNING")
