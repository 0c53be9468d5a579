"""Success of methods against their costs, over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leap_kedro.evaluation.intervals import Mean
from leap_kedro.evaluation.seeds import SeedResult, SplitSummary, cells, mean_measures, split_summaries
from leap_kedro.records.encoding import Plain

COSTS = ("episodes", "labels", "training_tokens", "minutes")
"""What the iterations after pi_0 cost, summed up to an iteration.

``episodes``: played training tasks. ``labels``: steps that a teacher or a demonstrator labelled. ``training_tokens``:
tokens that were trained on. ``minutes``: of all nodes, evaluation included.
"""


@dataclass(frozen=True, slots=True)
class MethodSummary(Plain):
    """All seeds of one method after one iteration.

    Attributes:
        method: Name of the method.
        iteration: Number of the iteration; 0: pi_0.
        splits: Success, validation first.
        measures: Costs so far, as means over the seeds, by the names in `COSTS`.
    """

    method: str
    iteration: int
    splits: tuple[SplitSummary, ...]
    measures: Mapping[str, Mean]


def summarize_methods(results: Mapping[tuple[str, int], Sequence[SeedResult]]) -> list[MethodSummary]:
    """One summary per method and iteration, in the given order.

    Args:
        results: Method and iteration -> the results of its seeds, with the costs as measures.
    """
    return [
        MethodSummary(method, iteration, split_summaries(of_seeds), mean_measures(of_seeds))
        for (method, iteration), of_seeds in results.items()
    ]


def last_policies(summaries: Sequence[MethodSummary]) -> list[MethodSummary]:
    """The last policy of each method; before it pi_0, unless it is that of an earlier method."""
    shown: list[MethodSummary] = []
    for method in dict.fromkeys(summary.method for summary in summaries):
        first, *later = (summary for summary in summaries if summary.method == method)
        shown += [first] if first.splits not in [each.splits for each in shown] else []
        shown += later[-1:]
    return shown


def method_rows(summaries: Sequence[MethodSummary]) -> list[dict[str, Any]]:
    """One row per method, iteration and split."""
    return [
        {
            "method": summary.method,
            "iteration": summary.iteration,
            "split": split.split,
            "seeds": split.success.count,
            **cells("success", split.success),
            "pooled_low": split.pooled.low,
            "pooled_high": split.pooled.high,
            "by_seed": ", ".join(f"{100 * rate:.1f}" for rate in split.by_seed.values()),
            "mean_actions": split.mean_actions.mean,
            **{name: summary.measures[name].mean if name in summary.measures else None for name in COSTS},
        }
        for summary in summaries
        for split in summary.splits
    ]
