"""Logs the ablation to MLflow: a run a privilege level (step = seed), and one parent that compares them.

The means over seeds are on the parent with step = privilege, which makes MLflow's charts plots against privilege.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.ablation import LevelSummary, measure_names
from leap_kedro.evaluation.intervals import Mean
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.tracking.catalog import Kind, Tracked, path_of
from leap_kedro.tracking.figures import log_figure
from leap_kedro.tracking.lineage import content_digest, log_input
from leap_kedro.tracking.metrics import Point, detail_points, headline_points, log_points, scalars
from leap_kedro.tracking.prompts import register_prompts
from leap_kedro.tracking.recorder import logged, mark_logged
from leap_kedro.tracking.runs import ExperimentRuns

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NOTE_TAG = "mlflow.note.content"
_PRIVILEGE = "correction.privilege"


@dataclass(frozen=True, slots=True)
class AblationRecorder:
    """Logs what the pipeline `realizability_ablation` saves.

    Attributes:
        runs: Runs of the experiment.
        seed: Seed that the session runs.
    """

    runs: ExperimentRuns
    seed: int

    @property
    def client(self) -> "MlflowClient":
        """Client of the tracking server."""
        return self.runs.client

    def runs_at_start(self) -> dict[str, dict[str, str | None]]:
        """The run that is open all along, with the parameters in which it differs from the session's."""
        return {self.runs.ablation(): {"iteration": None, "seed": None, _PRIVILEGE: None}}

    def run_of(self, entry: Tracked) -> str:
        """Id of the run that a dataset's values go to."""
        return self.runs.ablation() if entry.level is None else self.runs.level(entry.level)

    def own_parameters(self, entry: Tracked) -> dict[str, str | None]:
        """Parameters in which a dataset's run differs from the session's; None: it has none such."""
        level = None if entry.level is None else str(entry.level)
        return {"iteration": None, "seed": None, _PRIVILEGE: level}

    def log(self, name: str, entry: Tracked, dataset: Any) -> None:
        """Log a dataset that is complete."""
        run, mark = self.run_of(entry), self._mark(name, entry, dataset)
        if mark in logged(self.client, run):
            return
        match entry.kind:
            case Kind.EVALUATION:
                points = _evaluation_points(dataset.load(), entry.name, self.seed)
                log_points(self.client, run, points)
            case Kind.METRICS:
                log_points(self.client, run, list(scalars(dataset.load(), entry.name or name, self.seed)))
            case Kind.DATA:
                title = f"{entry.name or name} of seed {self.seed}"
                log_input(self.client, run, title, path_of(dataset), len(dataset.load()))
            case Kind.PROMPTS:
                register_prompts(self.client, run, dataset.load())
            case Kind.ABLATION:
                self._log_summary([LevelSummary.from_json(plain) for plain in dataset.load()])
            case Kind.FIGURE:
                log_figure(self.client, run, path_of(dataset))
            case _:
                self.client.log_artifact(run, str(path_of(dataset)), "reports")
        mark_logged(self.client, run, mark)

    def log_missing(self, entries: Mapping[str, Tracked], catalog: Any) -> None:
        """Log complete datasets that a killed run has written and not logged any more."""
        for name, entry in entries.items():
            if catalog.exists(name):
                self.log(name, entry, catalog.get(name))

    def _mark(self, name: str, entry: Tracked, dataset: Any) -> str:
        """What says that a dataset has been logged: one of a seed once a seed, a summary once a content."""
        if entry.kind in (Kind.ABLATION, Kind.FIGURE, Kind.REPORT):
            return f"{name}@{content_digest(path_of(dataset))[:8]}"
        return f"{name}@{self.seed}"

    def _log_summary(self, summaries: Sequence[LevelSummary]) -> None:
        """Means over seeds: on each level's run, on the parent by privilege, and as the parent's description."""
        for summary in summaries:
            if summary.privilege is None:
                continue
            seeds = max(split.success.count for split in summary.splits)
            points = [*_mean_points(summary, f"mean_of_{seeds}_seeds", summary.privilege)]
            log_points(self.client, self.runs.ablation(), points)
            of_level = [*_mean_points(summary, "mean", seeds)]
            log_points(self.client, self.runs.level(summary.privilege), of_level)
        self.client.set_tag(self.runs.ablation(), _NOTE_TAG, _note(summaries))


def _evaluation_points(evaluation: Sequence[Mapping[str, Any]], prefix: str, seed: int) -> list[Point]:
    summaries = [EvaluationSummary.from_json(plain) for plain in evaluation]
    points = [point for each in summaries for point in (*headline_points(each, seed), *detail_points(each, seed))]
    return [replace(point, key=f"{prefix}/{point.key}") if prefix else point for point in points]


def _mean_points(summary: LevelSummary, prefix: str, step: int) -> Iterator[Point]:
    for split in summary.splits:
        yield from _interval(f"{prefix}/success/{split.split}", split.success, step)
        yield Point(f"{prefix}/mean_actions/{split.split}", split.mean_actions.mean, step)
    for name, mean in summary.measures.items():
        yield from _interval(f"{prefix}/{name}", mean, step)


def _interval(key: str, mean: Mean, step: int) -> Iterator[Point]:
    yield Point(key, mean.mean, step)
    if mean.low is not None and mean.high is not None:
        yield Point(f"{key}_low", mean.low, step)
        yield Point(f"{key}_high", mean.high, step)


def _note(summaries: Sequence[LevelSummary]) -> str:
    splits = list(dict.fromkeys(split.split for summary in summaries for split in summary.splits))
    names = measure_names(summaries)
    lines = [["privilege", *splits, *names], ["---"] * (1 + len(splits) + len(names))]
    for summary in summaries:
        found = {split.split: split.success for split in summary.splits}
        lines.append(
            [
                summary.name,
                *(_share(found[split]) if split in found else "" for split in splits),
                *(f"{summary.measures[name].mean:.3f}" if name in summary.measures else "" for name in names),
            ]
        )
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    seeds = max(split.success.count for summary in summaries for split in summary.splits)
    return f"{table}\n\nSuccess: mean of {seeds} seeds with 95 % interval (Student's t). Step of the charts: privilege."


def _share(mean: Mean) -> str:
    if mean.low is None or mean.high is None:
        return f"{mean.mean:.1%}"
    return f"{mean.mean:.1%} ({mean.low:.1%} to {mean.high:.1%})"
