"""Logs of Inspect: made of samples, written where they are missing or older than their data."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.datasets.errors import writing
from leap_kedro.datasets.records import read_records
from leap_kedro.records import CorrectedEpisode, Episode
from leap_kedro.records.atomic import replaced_file
from leap_kedro.records.secrets import without_secrets
from leap_kedro.reports.inspect.moments import usage
from leap_kedro.reports.inspect.samples import episode_sample, task_sample
from leap_kedro.reports.inspect.stores import PlannedLog, Store

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample, EvalScore
    from inspect_ai.model import ModelUsage


def outdated(planned: Iterable[PlannedLog], folder: Path) -> list[PlannedLog]:
    """The logs that are missing in `folder` or older than their data."""
    return [each for each in planned if not _is_current(each, log_path(each, folder))]


def log_path(planned: PlannedLog, folder: Path) -> Path:
    """The file of a log."""
    return folder / f"{planned.name}.eval"


def write_log(planned: PlannedLog, folder: Path, experiment: str) -> Path:
    """Write a log and return its path.

    Raises:
        StorageError: If a store cannot be read or the log cannot be written.
    """
    from inspect_ai.log import write_eval_log

    log, path = _log(planned, experiment), log_path(planned, folder)
    with writing(path), replaced_file(path) as temporary:
        write_eval_log(log, str(temporary), format="eval")
    return path


def _is_current(planned: PlannedLog, path: Path) -> bool:
    return path.is_file() and path.stat().st_mtime_ns > planned.changed


def _log(planned: PlannedLog, experiment: str) -> "EvalLog":
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSpec, EvalStats

    changed = datetime.fromtimestamp(planned.changed / 1e9, UTC)
    when = changed.isoformat(timespec="seconds")
    make = _side_by_side if planned.side_by_side else _each
    samples, players = make(planned.stores, changed)
    ids = list(dict.fromkeys(sample.id for sample in samples))
    return EvalLog(
        status="success",
        eval=EvalSpec(
            created=when,
            task=planned.name,
            task_id=planned.name,
            run_id=experiment,
            eval_id=f"{experiment}:{planned.name}",
            model=", ".join(players),
            config=EvalConfig(epochs=max((sample.epoch for sample in samples), default=1)),
            dataset=EvalDataset(name=planned.name, samples=len(ids), sample_ids=ids),
            tags=["leap_kedro", experiment],
            metadata={"experiment": experiment},
            viewer=_viewer(samples),
        ),
        results=EvalResults(
            total_samples=len(samples),
            completed_samples=sum(sample.error is None for sample in samples),
            scores=_means(samples),
        ),
        stats=EvalStats(started_at=when, completed_at=when, model_usage=_usage(samples)),
        samples=samples,
    )


def _each(stores: Sequence[Store], when: datetime) -> tuple[list["EvalSample"], list[str]]:
    """One sample per episode, and the policies."""
    samples: list[EvalSample] = []
    players: dict[str, None] = {}
    for store in stores:
        said = _corrections(store)
        played: Counter[str] = Counter()
        for episode in _episodes(store):
            played[episode.task.id] += 1
            players[store.player or episode.policy] = None
            samples.append(episode_sample(episode, played[episode.task.id], said.get(episode.id), when))
    return samples, list(players)


def _side_by_side(stores: Sequence[Store], when: datetime) -> tuple[list["EvalSample"], list[str]]:
    """One sample per task, and the players."""
    tasks: dict[str, dict[str, Episode]] = {}
    players: dict[str, None] = {}
    for store in stores:
        for episode in _episodes(store):
            player = store.player or episode.policy
            players[player] = None
            tasks.setdefault(episode.task.id, {})[player] = episode
    return [task_sample(episodes, when) for episodes in tasks.values()], list(players)


def _episodes(store: Store) -> Iterator[Episode]:
    return map(without_secrets, read_records(store.path, Episode))


def _corrections(store: Store) -> dict[str, CorrectedEpisode]:
    if store.corrections is None:
        return {}
    return {each.episode: without_secrets(each) for each in read_records(store.corrections, CorrectedEpisode)}


def _names(samples: Iterable["EvalSample"]) -> list[str]:
    """Names of the scores, in the order of the first sample that has them."""
    return list(dict.fromkeys(name for sample in samples for name in sample.scores or {}))


def _means(samples: Sequence["EvalSample"]) -> list["EvalScore"]:
    from inspect_ai.log import EvalMetric, EvalScore

    means = []
    for name in _names(samples):
        values = [float(sample.scores[name].value) for sample in samples if name in (sample.scores or {})]
        metric = EvalMetric(name="mean", value=sum(values) / len(values))
        missing = len(samples) - len(values)
        means.append(
            EvalScore(
                name=name, scorer=name, metrics={"mean": metric}, scored_samples=len(values), unscored_samples=missing
            )
        )
    return means


def _usage(samples: Iterable["EvalSample"]) -> dict[str, "ModelUsage"]:
    """Tokens of each policy in all samples."""
    totals: dict[str, tuple[int, int]] = {}
    for sample in samples:
        for policy, used in sample.model_usage.items():
            prompt, reply = totals.get(policy, (0, 0))
            totals[policy] = prompt + used.input_tokens, reply + used.output_tokens
    return {policy: usage(*tokens) for policy, tokens in totals.items()}


def _viewer(samples: Sequence["EvalSample"]) -> Any:
    """How the viewer shows the log: texts of models and environments as plain text, and the scores as columns."""
    from inspect_ai.viewer import TaskSamplesColumn, TaskSamplesView, ViewerConfig

    scores = [TaskSamplesColumn.score(name) for name in _names(samples)]
    columns = [TaskSamplesColumn(id=name) for name in ("sampleStatus", "sampleId", "epoch", "input")]
    unused = [TaskSamplesColumn(id=name, visible=False) for name in ("target", "answer", "tokens", "duration")]
    view = TaskSamplesView(name="leap_kedro", columns=[*columns, *scores, *unused], multiline=False)
    return ViewerConfig(trust_content=False, task_samples_view=view)
