"""From result files to MLflow metrics, in batches: one call for a hundred keys costs what three single ones do."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.success import EvaluationSummary

if TYPE_CHECKING:
    from mlflow import MlflowClient

HEADLINE = "success/"
"""Start of the name of the success metric; the split follows."""
REFUSED = re.compile(r"[^\w.: -]")
"""Characters that MLflow refuses in names of metrics and tags, and the slash, which makes a group."""
_WARNING_TAG = "leap.warning"
_LARGEST_BATCH = 1000  # MLflow's limit


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric.

    Attributes:
        key: Name of the metric, slashes group it in MLflow's charts.
        value: A finite number.
        step: Its place on the horizontal axis.
    """

    key: str
    value: float
    step: int


def log_points(client: "MlflowClient", run: str, points: Sequence[Point]) -> None:
    """Log points to a run."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [Metric(point.key, point.value, now, point.step) for point in points]
    for start in range(0, len(metrics), _LARGEST_BATCH):
        client.log_batch(run, metrics[start : start + _LARGEST_BATCH])


def log_warning(client: "MlflowClient", run: str, summary: EvaluationSummary) -> None:
    """Set a tag ``leap.warning.POLICY.SPLIT`` where a result may say little about its policy."""
    if summary.warning:
        key = f"{_WARNING_TAG}.{summary.policy}.{summary.conditions.split}"
        client.set_tag(run, REFUSED.sub("_", key), summary.warning)


def points_of(client: "MlflowClient", run: str, key: str) -> set[tuple[int, float]]:
    """Steps and values that a run has of a metric."""
    return {(metric.step, metric.value) for metric in client.get_metric_history(run, key)}


def headline_points(summary: EvaluationSummary, step: int) -> list[Point]:
    """The success on a split, in the group ``success``, which comes first among MLflow's charts (by alphabet)."""
    return [Point(f"{HEADLINE}{summary.conditions.split}", summary.success.rate, step)]


def detail_points(summary: EvaluationSummary, step: int) -> list[Point]:
    """The other metrics of an evaluation, grouped by split."""
    values: dict[str, float] = {
        "success_low": summary.success.low,
        "success_high": summary.success.high,
        "episodes": summary.success.total,
        "mean_actions": summary.mean_actions,
        "mean_score": summary.mean_score,
        "invalid_action_share": summary.invalid_action_share,
        "unparseable_share": summary.unparseable_share,
        "unanswered_share": summary.unanswered_share,
        "infrastructure_errors": summary.infrastructure_errors,
        "prompt_tokens": summary.prompt_tokens,
        "reply_tokens": summary.reply_tokens,
        **{f"stopped_by_{reason.value}": count for reason, count in summary.stop_reasons.items()},
        **{f"score_parts/{name}": mean for name, mean in summary.mean_parts.items()},
        **{f"score_intervals/{name}_low": low for name, (low, _) in summary.score_intervals.items()},
        **{f"score_intervals/{name}_high": high for name, (_, high) in summary.score_intervals.items()},
        **{f"success_by_type/{kind.kind}": kind.success.rate for kind in summary.by_kind},
    }
    return [Point(f"{summary.conditions.split}/{name}", float(value), step) for name, value in values.items()]


def scalars(value: Any, prefix: str, step: int) -> Iterator[Point]:
    """Each finite number of a JSON value at `step`; its place in the value, joined by slashes, is the key."""
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
    return (
        isinstance(entry, list | tuple)
        and len(entry) == 2
        and type(entry[0]) is int
        and isinstance(entry[1], int | float)
    )
