"""Logs finished datasets to MLflow, each once, however often the run is continued."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.sampling import sample
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.wording import conditions_in_words
from leap_kedro.tracking.catalog import Kind, Tracked, path_of
from leap_kedro.tracking.comparison import log_comparison
from leap_kedro.tracking.figures import log_figure
from leap_kedro.tracking.lineage import log_input
from leap_kedro.tracking.metrics import (
    Point,
    detail_points,
    headline_points,
    histories,
    log_points,
    log_warning,
    points_of,
    scalars,
)
from leap_kedro.tracking.models import Answering, is_registered, policy_alias, register_policy, set_champion
from leap_kedro.tracking.overview import CHAMPION_TAG, write_overview
from leap_kedro.tracking.prompts import register_prompts
from leap_kedro.tracking.runs import ExperimentRuns
from leap_kedro.tracking.traces import log_teacher_calls, log_traces

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOGGED_TAG = "leap.logged"
_BEFORE_PI_0 = -1  # step of the base in the charts


@dataclass(frozen=True)
class Recorder:
    """Logs datasets to the runs that they belong to.

    Attributes:
        runs: Runs of the experiment.
        iteration: The session's iteration.
        by_hand: Run of an evaluation by hand, which everything goes to; None in the loop.
        traced_episodes: Episodes of an evaluation that become traces.
        answering: How registered policies answer.
        policies: Gives the folders of the policies that are on disk, by iteration.
    """

    runs: ExperimentRuns
    iteration: int
    by_hand: str | None
    traced_episodes: int
    answering: Answering
    policies: Callable[[], Mapping[int, Path]]

    @property
    def client(self) -> "MlflowClient":
        """Client of the tracking server."""
        return self.runs.client

    def log(self, name: str, entry: Tracked, dataset: Any) -> None:
        """Log a dataset that is complete."""
        iteration = self.iteration if entry.iteration is None else entry.iteration
        run = self.run_of(entry)
        shown = entry.name or name
        match entry.kind:
            case Kind.EVALUATION:
                self._log_evaluations(_summaries(dataset.load()))
            case Kind.METRICS:
                self._log_metrics(run, dataset.load(), shown, iteration)
            case Kind.DATA:
                log_input(self.client, run, shown, path_of(dataset), len(dataset.load()))
            case Kind.POLICY:
                register_policy(self.client, run, self.runs.name, iteration, path_of(dataset), self.answering)
            case Kind.CHAMPION:
                best = int(dataset.load()["iteration"])
                self._register_lost(run, best)
                set_champion(self.client, self.runs.name, best)
                self.client.set_tag(self.runs.parent(), CHAMPION_TAG, policy_alias(best))
                write_overview(self.client, self.runs.parent())
            case Kind.BASELINES:
                log_comparison(self.client, run, _summaries(dataset.load()))
            case Kind.FIGURE:
                log_figure(self.client, run, path_of(dataset))
            case Kind.REPORT:
                self.client.log_artifact(run, str(path_of(dataset)), "reports")
            case Kind.EPISODES:
                log_traces(self.client, run, sample(dataset.load(), self.traced_episodes))
            case Kind.CORRECTIONS:
                log_teacher_calls(self.client, run, dataset.load())
            case Kind.PROMPTS:
                register_prompts(self.client, run, dataset.load())
        mark_logged(self.client, run, name)

    def _register_lost(self, run: str, iteration: int) -> None:
        """Register pi_k if only the disk has it: a killed run saved it, or it was made with another server."""
        folder = self.policies().get(iteration)
        if folder is not None and not is_registered(self.client, self.runs.name, iteration):
            register_policy(self.client, run, self.runs.name, iteration, folder, self.answering)

    def log_missing(self, entries: Mapping[str, Tracked], catalog: Any) -> None:
        """Log complete datasets that a killed run has written and not logged any more."""
        for name, entry in entries.items():
            if name not in logged(self.client, self.run_of(entry)) and catalog.exists(name):
                self.log(name, entry, catalog.get(name))

    def run_of(self, entry: Tracked) -> str:
        """Id of the run that a dataset's values go to."""
        if entry.baselines:
            return self.runs.baselines()
        return self._run_of(self.iteration if entry.iteration is None else entry.iteration)

    def own_parameters(self, entry: Tracked) -> dict[str, str | None]:
        """Parameters in which a dataset's run differs from the session's; None: it has none such."""
        return self._own_parameters(self.iteration if entry.iteration is None else entry.iteration)

    def runs_at_start(self) -> dict[str, dict[str, str | None]]:
        """Runs that are open all along: the iteration's, and in the loop the experiment's; with own parameters."""
        return {self._run_of(iteration): self._own_parameters(iteration) for iteration in (self.iteration, 0)}

    def _own_parameters(self, iteration: int) -> dict[str, str | None]:
        return {} if self.by_hand else {"iteration": str(iteration) if iteration else None}

    def _run_of(self, iteration: int) -> str:
        return self.by_hand or self.runs.iteration(iteration)

    def _log_evaluations(self, summaries: Iterable[EvaluationSummary]) -> None:
        for summary in summaries:
            step = _BEFORE_PI_0 if summary.iteration is None else summary.iteration
            points = headline_points(summary, step) + detail_points(summary, step)
            run = self.by_hand or self.runs.iteration(max(0, step))
            log_warning(self.client, run, summary)
            if self.by_hand:
                log_points(self.client, run, points)
            else:
                self._log_on_both(run, points)
                write_overview(self.client, self.runs.parent(), conditions_in_words(summary.conditions))

    def _log_metrics(self, run: str, value: Any, prefix: str, iteration: int) -> None:
        points = list(histories(value, prefix))
        # A loss was logged while it was trained; what a killed training logged again is its average over fewer steps.
        steps = {key: {step for step, _ in points_of(self.client, run, key)} for key in {point.key for point in points}}
        log_points(self.client, run, [point for point in points if point.step not in steps[point.key]])
        points = list(scalars(value, prefix, iteration))
        if self.by_hand:
            log_points(self.client, run, points)
        else:
            self._log_on_both(run, points)

    def _log_on_both(self, run: str, points: list[Point]) -> None:
        """To the iteration's run, and to the parent, because MLflow's charts leave child runs out."""
        for target in dict.fromkeys((run, self.runs.parent())):
            log_points(self.client, target, points)


def logged(client: "MlflowClient", run: str) -> list[str]:
    """What a run has been told already, by the names that `mark_logged` was given."""
    return str(client.get_run(run).data.tags.get(_LOGGED_TAG, "")).split()


def mark_logged(client: "MlflowClient", run: str, name: str) -> None:
    """Remember that a run has been told something."""
    client.set_tag(run, _LOGGED_TAG, " ".join(sorted({*logged(client, run), name})))


def _summaries(value: Any) -> list[EvaluationSummary]:
    entries = value if isinstance(value, list) else [value]
    return [
        entry if isinstance(entry, EvaluationSummary) else EvaluationSummary.from_json(_plain(entry))
        for entry in entries
    ]


def _plain(entry: Any) -> Any:
    return json.loads(entry) if isinstance(entry, str) else entry
