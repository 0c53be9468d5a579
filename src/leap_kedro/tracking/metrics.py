"""MLflow metrics of results, logged in batches: one call for a hundred metrics costs as much as three single ones."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from leap_kedro.evaluation.ablation import LevelSummary
from leap_kedro.evaluation.methods import MethodSummary
from leap_kedro.evaluation.success import EvaluationSummary

if TYPE_CHECKING:
    from mlflow import MlflowClient

BASE = -1
"""Step of the base model in the charts; that of pi_k is k."""
HEADLINE = "success/"
"""Prefix of the success metric, before the split. MLflow shows its group first."""
_REFUSED = re.compile(r"[^\w.: -]")  # characters that MLflow refuses in names, and the slash, which makes a group
_LARGEST_BATCH = 1000  # MLflow's limit
_DETAILS = (
    *("mean_actions", "mean_score", "invalid_action_share", "unparseable_share", "unanswered_share"),
    *("infrastructure_errors", "prompt_tokens", "reply_tokens"),
)


class Point(NamedTuple):
    """One value of a metric: its name (slashes group it), a finite number, its place on the horizontal axis."""

    key: str
    value: float
    step: int


def log_points(client: "MlflowClient", run: str, points: Sequence[Point]) -> None:
    """Log points to a run."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    logged = [Metric(point.key, point.value, now, point.step) for point in points]
    for start in range(0, len(logged), _LARGEST_BATCH):
        client.log_batch(run, logged[start : start + _LARGEST_BATCH])


def log_warning(client: "MlflowClient", run: str, summary: EvaluationSummary) -> None:
    """Set the tag ``leap.warning.POLICY.SPLIT`` if the result has a warning."""
    if summary.warning:
        key = f"leap.warning.{summary.policy}.{summary.conditions.split}"
        client.set_tag(run, _REFUSED.sub("_", key), summary.warning)


def history(client: "MlflowClient", run: str, key: str) -> dict[int, float]:
    """A run's values of a metric, by step."""
    return {metric.step: metric.value for metric in client.get_metric_history(run, key)}


def evaluation_points(summary: EvaluationSummary, step: int, player: str = "") -> Iterator[Point]:
    """The metrics of an evaluation, by split and, in a comparison, by player."""
    group = summary.conditions.split + (f"/{_REFUSED.sub('_', player)}" if player else "")
    yield Point(f"{HEADLINE}{group}", summary.success.rate, step)
    details: dict[str, float] = {
        "success_low": summary.success.low,
        "success_high": summary.success.high,
        "episodes": summary.success.total,
        **{name: getattr(summary, name) for name in _DETAILS},
        **{f"stopped_by_{reason.value}": count for reason, count in summary.stop_reasons.items()},
        **{f"score_parts/{name}": mean for name, mean in summary.mean_parts.items()},
        **{f"score_intervals/{name}_low": low for name, (low, _) in summary.score_intervals.items()},
        **{f"score_intervals/{name}_high": high for name, (_, high) in summary.score_intervals.items()},
        **{f"success_by_type/{kind.kind}": kind.success.rate for kind in summary.by_kind},
    }
    for name, value in details.items():
        yield Point(f"{group}/{name}", float(value), step)


def mean_points(summary: LevelSummary | MethodSummary, prefix: str, step: int) -> Iterator[Point]:
    """The means over seeds of one privilege level or method, with their intervals."""
    means = {f"success/{split.split}": split.success for split in summary.splits} | dict(summary.measures)
    for name, mean in means.items():
        yield Point(f"{prefix}/{name}", mean.mean, step)
        if mean.low is not None and mean.high is not None:
            yield Point(f"{prefix}/{name}_low", mean.low, step)
            yield Point(f"{prefix}/{name}_high", mean.high, step)
    for split in summary.splits:
        yield Point(f"{prefix}/mean_actions/{split.split}", split.mean_actions.mean, step)


def scalars(value: Any, prefix: str, step: int) -> Iterator[Point]:
    """Each finite number of a JSON value at `step`; the key is its path in the value."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from scalars(inner, f"{prefix}/{name}", step)
    elif isinstance(value, bool | int | float) and isfinite(value):
        yield Point(prefix, float(value), step)


def histories(value: Any, prefix: str) -> Iterator[Point]:
    """Each list of pairs [step, number] of a JSON value (a loss, say), keyed as by `scalars`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from histories(inner, f"{prefix}/{name}")
    elif isinstance(value, list) and all(_is_pair(entry) for entry in value):
        for at, number in value:
            yield from scalars(number, prefix, at)


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and type(entry[0]) is int and isinstance(entry[1], int | float)
