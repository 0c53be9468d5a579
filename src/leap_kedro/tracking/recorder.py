"""Logs the finished datasets of a Kedro run to MLflow, each once, even if the run is continued."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.datasets.history import HistoryDataset
from leap_kedro.datasets.policy import PolicyFolderDataset
from leap_kedro.datasets.training import Trained, TrainingDataset
from leap_kedro.evaluation.ablation import LevelSummary
from leap_kedro.evaluation.methods import MethodSummary
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.records.hashing import content_hash, json_hash
from leap_kedro.tracking import artifacts, metrics, models, tables
from leap_kedro.tracking.catalog import START, Entry, Kind, entries, path_of
from leap_kedro.tracking.connection import TrackingSettings, connect
from leap_kedro.tracking.losses import LossStream
from leap_kedro.tracking.parameters import loggable
from leap_kedro.tracking.runs import ExperimentRuns, Run
from leap_kedro.tracking.traces import log_traces

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

_LOGGED_TAG = "leap.logged"
_DIGEST_TAG = "leap.parameters_digest"
_BASE_TAG = "leap.base"
_CHANGED_TAG = "leap.changed."


class Recorder:
    """The MLflow runs of one Kedro run, open until `close`."""

    def __init__(
        self, settings: TrackingSettings, parameters: Mapping[str, Any], pipeline: "Pipeline", catalog: Any
    ) -> None:
        """Connect and open the runs of the pipeline's datasets, if it has datasets that are logged.

        Parameters must not be read again later, because the iteration in them changes when one is finished.

        Raises:
            MlflowFailed: If MLflow is unreachable, refuses, or its file cannot be used.
        """
        self._settings, self._parameters, self._catalog = settings, parameters, catalog
        self._outputs = entries(catalog, pipeline.all_outputs())
        self._histories = [
            dataset
            for name in sorted(pipeline.datasets())
            if name in catalog and isinstance(dataset := catalog.get(name), HistoryDataset)
        ]
        self._done: set[str] = set()
        self._open: list[str] = []
        self._streams: dict[str, LossStream] = {}
        if self._outputs:
            options = parameters.get("options") or {}
            values = {
                "iteration": int(parameters.get("iteration") or 0),
                "seed": int(parameters.get("seed") or 0),
                "environment": parameters.get("environment"),
                "policy": options.get("policy") or "all policies",
                "split": options.get("split") or "validation",
            }
            self._runs = ExperimentRuns(*connect(settings), str(parameters["experiment"]), values)
            self._client = self._runs.client
            runs = {entry.run for entry in self._outputs.values()}
            for run in sorted(runs, key=lambda run: (run != "iteration", run)):
                self._open_run(self._runs.get(run))

    def begin(self, name: str) -> None:
        """Start to log losses, if the dataset is a training. The seeds of an ablation share a run, which has none."""
        entry, dataset = self._outputs.get(name), self._catalog.get(name)
        if entry and isinstance(dataset, TrainingDataset) and not (run := self._runs.get(entry.run)).of_ablation:
            self._streams[name] = LossStream(self._client, run.id, entry.name or name, dataset.workspace)

    def saved(self, name: str) -> None:
        """Log a dataset that has an entry and is complete, unless the same content was logged before."""
        if stream := self._streams.pop(name, None):
            stream.close()
        entry = self._outputs.get(name)
        if entry is None or not self._catalog.exists(name):
            return
        self._done.add(name)
        dataset, run = self._catalog.get(name), self._runs.get(entry.run)
        if isinstance(dataset, PolicyFolderDataset):
            self._register(run, run.step, path_of(dataset))
            return
        mark, content = f"{name}@{run.step}:", content_hash(path_of(dataset), 8)
        marks = str(self._client.get_run(run.id).data.tags.get(_LOGGED_TAG, "")).split()
        if mark + content not in marks:
            self._log(run, entry, entry.name or name, dataset)
            others = [each for each in marks if not each.startswith(mark)]
            self._client.set_tag(run.id, _LOGGED_TAG, " ".join(sorted([*others, mark + content])))

    def log_missing(self) -> None:
        """Log what a killed run wrote without logging it; policies first, because champions name them."""
        missing = self._outputs.keys() - self._done
        folders = {name for name in missing if isinstance(self._catalog.get(name), PolicyFolderDataset)}
        for name in (*sorted(folders), *sorted(missing - folders)):
            self.saved(name)

    def close(self, status: str) -> None:
        """End all runs: FINISHED, FAILED or KILLED."""
        import mlflow

        for stream in self._streams.values():
            stream.close()
        if self._open:
            mlflow.end_run(status)  # MLflow forgets its active run before it calls the server
        for run in self._open:
            self._client.set_terminated(run, status)

    def _open_run(self, run: Run) -> None:
        """Mark a run and its parents as running; nodes of users log to the first opened run."""
        import mlflow

        if run.id not in self._open:
            if not self._open:
                mlflow.start_run(run_id=run.id, nested=True)
            self._open.append(run.id)
            self._client.update_run(run.id, status="RUNNING")
            self._log_parameters(run)
        if run.parent:
            self._open_run(run.parent)

    def _log_parameters(self, run: Run) -> None:
        """Log parameters. MLflow cannot change those of a run: changes of a continued run become tags."""
        from mlflow.entities import Param, RunTag

        before = self._client.get_run(run.id).data.params
        allowed = loggable(self._parameters, self._settings.logged_parameters)
        values = {name: value for name, given in allowed.items() if (value := run.own.get(name, given)) is not None}
        changed = {name: value for name, value in values.items() if before.get(name, value) != value}
        tags = {
            _DIGEST_TAG: json_hash(self._parameters, 64),
            **{_CHANGED_TAG + name: new for name, new in changed.items()},
        }
        self._client.log_batch(
            run.id,
            params=[Param(name, value) for name, value in values.items() if name not in before],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )

    def _log(self, run: Run, entry: Entry, name: str, dataset: Any) -> None:
        from leap_kedro.datasets.figure import FigureDataset

        client, loaded = self._client, dataset.load()
        value: Any = loaded.report if isinstance(loaded, Trained) else loaded
        match entry.kind:
            case Kind.METRICS:
                self._log_metrics(run, value, name)
            case Kind.MANIFEST:
                self._log_points(run, metrics.scalars(value["seconds"], "seconds", run.step))
            case Kind.EVALUATION:
                prefix = "pi_0/" if entry.run == START else ""
                for summary in _summaries(value):
                    self._log_evaluation(run, summary, prefix)
            case Kind.COMPARISON:
                log = {"ablation": self._log_levels, "methods": self._log_methods}.get(run.kind, self._log_players)
                client.set_tag(run.id, tables.DESCRIPTION_TAG, log(run, value))
            case Kind.INPUT:
                seed = f" of seed {run.step}" if run.of_ablation else ""
                title = (entry.name or f"D_{run.step}") + seed
                artifacts.log_input(client, run.id, title, path_of(dataset), len(value))
            case Kind.POLICY:
                self._log_champion(run, int(value["iteration"]))
            case Kind.ARTIFACT:
                artifacts.log_report(client, run.id, path_of(dataset), isinstance(dataset, FigureDataset))
            case Kind.BASE:
                client.set_tag(run.id, _BASE_TAG, "@".join(filter(None, (value["name"], value["revision"]))))
            case Kind.TRACES:
                log_traces(run.id, value, self._settings.traced_episodes)
            case Kind.PROMPTS:
                artifacts.register_prompts(client, run.id, value)

    def _log_metrics(self, run: Run, value: Any, group: str) -> None:
        points = [] if run.of_ablation else list(metrics.histories(value, group))  # its seeds share a run
        # Losses were logged during the training.
        known = {key: metrics.history(self._client, run.id, key) for key in {point.key for point in points}}
        metrics.log_points(self._client, run.id, [point for point in points if point.step not in known[point.key]])
        self._log_points(run, metrics.scalars(value, group, run.step))

    def _log_evaluation(self, run: Run, summary: EvaluationSummary, prefix: str) -> None:
        step = run.step if run.of_ablation else metrics.BASE if summary.iteration is None else summary.iteration
        points = metrics.evaluation_points(summary, step)
        self._log_points(run, (point._replace(key=prefix + point.key) for point in points))
        if not run.of_ablation:
            metrics.log_warning(self._client, run.id, summary)
        if run.experiment:
            tables.describe_experiment(self._client, run.experiment, summary.conditions)

    def _log_players(self, run: Run, value: Any) -> str:
        players = _summaries(value)
        for player in players:
            self._log_points(run, metrics.evaluation_points(player, 0, player.policy))
            metrics.log_warning(self._client, run.id, player)
        return tables.players_table(players)

    def _log_levels(self, run: Run, value: Any) -> str:
        levels = LevelSummary.all_from_json(value)
        for level in levels:
            if level.privilege is not None:
                seeds = max(split.success.count for split in level.splits)
                self._log_points(run, metrics.mean_points(level, f"mean_of_{seeds}_seeds", level.privilege))
                own = self._runs.get(f"level_{level.privilege}")
                self._log_points(own, metrics.mean_points(level, "mean", seeds))
        return tables.levels_table(levels)

    def _log_methods(self, run: Run, value: Any) -> str:
        summaries = MethodSummary.all_from_json(value)
        for summary in summaries:
            self._log_points(run, metrics.mean_points(summary, summary.method, summary.iteration))
        return tables.methods_table(summaries)

    def _log_points(self, run: Run, points: Iterable[metrics.Point]) -> None:
        """Log to a run, and from an iteration also to the experiment, because MLflow's charts omit child runs."""
        logged = list(points)
        for target in {run.id, run.experiment or run.id}:
            metrics.log_points(self._client, target, logged)

    def _log_champion(self, run: Run, best: int) -> None:
        # It may not be registered: a killed run saved it, or another server was used.
        for history in self._histories:
            if best < run.step and best in (finished := history.load()):
                self._register(run, best, finished[best].policy_folder)
        for name in self._outputs:
            if isinstance(self._catalog.get(name), PolicyFolderDataset):
                self.saved(name)
        models.set_champion(self._client, self._runs.name, best)
        self._client.set_tag(run.experiment, tables.CHAMPION_TAG, models.policy_alias(best))
        tables.describe_experiment(self._client, run.experiment)

    def _register(self, run: Run, iteration: int, folder: Path) -> None:
        how = models.answering(self._parameters)
        models.register_policy(self._client, run.id, self._runs.name, iteration, folder, how)


def _summaries(value: Any) -> list[EvaluationSummary]:
    return EvaluationSummary.all_from_json(value if isinstance(value, list) else [value])
