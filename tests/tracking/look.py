"""What a user of an MLflow server sees."""

from typing import TYPE_CHECKING, Any

from leap_kedro.tracking.runs import ITERATION_TAG, KIND_TAG

if TYPE_CHECKING:
    from mlflow.entities import ModelVersion, Trace


class Look:
    """Reads the MLflow experiment `leap_kedro`."""

    def __init__(self, uri: str) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(uri)

    @property
    def mlflow_experiment(self) -> str:
        """Its id."""
        return str(self.client.get_experiment_by_name("leap_kedro").experiment_id)

    def runs(self) -> dict[str, Any]:
        """Runs by kind and iteration: `experiment`, `iteration1` ..."""
        found = self.client.search_runs([self.mlflow_experiment])
        return {run.data.tags[KIND_TAG] + run.data.tags.get(ITERATION_TAG, ""): run for run in found}

    def statuses(self) -> set[str]:
        """Statuses of the runs."""
        return {run.info.status for run in self.runs().values()}

    def history(self, run: str, key: str) -> list[tuple[int, float]]:
        """Steps and values of a metric of a run, named as in `runs`."""
        metrics = self.client.get_metric_history(self.runs()[run].info.run_id, key)
        return sorted((metric.step, metric.value) for metric in metrics)

    def traces(self, run: str) -> "list[Trace]":
        """Traces of a run."""
        return list(self.client.search_traces(locations=[self.mlflow_experiment], run_id=self.runs()[run].info.run_id))

    def policy(self, alias: str, experiment: str = "small") -> "ModelVersion":
        """The registered policy with an alias."""
        return self.client.get_model_version_by_alias(f"leap-{experiment}", alias)

    def policies(self) -> int:
        """Number of registered policies of the experiment `small`."""
        return len(self.client.search_model_versions("name = 'leap-small'"))
