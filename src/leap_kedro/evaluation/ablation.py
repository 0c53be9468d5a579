"""Success and realizability against the teacher's privilege level, over seeds.

NOT covered: a test of one level against another. Levels of one seed share tasks, pi_0 and rollouts, so that the
differences between them are surer than their intervals, each of which holds the spread of the seeds as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leap_kedro.evaluation.intervals import Mean, Proportion, mean_interval, wilson
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.tables import in_order
from leap_kedro.records.encoding import Plain


@dataclass(frozen=True, slots=True)
class LevelResult(Plain):
    """What one seed came to at one privilege level.

    Attributes:
        seed: Seed of everything random.
        privilege: Privilege level, per cent; None for pi_0, before any teaching.
        evaluations: Of the policy, one a split.
        measures: Realizability and what else was measured, by name; what could not be measured is left out.
    """

    seed: int
    privilege: int | None
    evaluations: tuple[EvaluationSummary, ...]
    measures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """Success at one level on one split.

    Attributes:
        split: Name of the split.
        success: Mean of the seeds' success rates.
        pooled: All episodes of all seeds as if they were of one run: narrower, and blind to the spread of seeds.
        mean_actions: Mean over seeds of the mean number of actions.
        by_seed: Success rate by seed.
    """

    split: str
    success: Mean
    pooled: Proportion
    mean_actions: Mean
    by_seed: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class LevelSummary(Plain):
    """What the seeds came to at one level.

    Attributes:
        privilege: Privilege level, per cent; None for pi_0.
        splits: Success, validation first.
        measures: Means over the seeds that have the measure, by its name.
    """

    privilege: int | None
    splits: tuple[SplitSummary, ...]
    measures: Mapping[str, Mean]

    @property
    def name(self) -> str:
        """What the level is called in tables."""
        return "pi_0" if self.privilege is None else f"{self.privilege} %"


MEASURES = {
    "leak_rate": ("leak_rate", "rate"),
    "gap_l1": ("gap", "after", "l1"),
    "gap_cross_entropy": ("gap", "after", "cross_entropy"),
    "gap_top1_error": ("gap", "after", "top1_error"),
    "gap_l1_on_changes": ("gap", "after_on_changes", "l1"),
    "gap_l1_before": ("gap", "before", "l1"),
    "recoverability_mean": ("recoverability", "mean"),
    "recoverability_maximum": ("recoverability", "maximum"),
    "swap_action_changed": ("swap_test", "action_changed"),
    "swap_advice_changed": ("swap_test", "advice_changed"),
    "regret_l1": ("regret", "l1"),
    "teacher_success": ("success", "teacher", "rate"),
}
"""Name of a measure -> its place in what an iteration's realizability comes to."""


def realizability_measures(realizability: Mapping[str, Any]) -> dict[str, float]:
    """The measures of one level that are compared; those that could not be measured (None) are left out.

    Args:
        realizability: All quantities of the level, as nested plain values.
    """
    found = {name: _at(realizability, path) for name, path in MEASURES.items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def summarize_levels(results: Iterable[LevelResult]) -> list[LevelSummary]:
    """One summary a level, pi_0 first, then by rising privilege."""
    by_level: dict[int | None, list[LevelResult]] = {}
    for result in sorted(results, key=lambda result: (_place(result.privilege), result.seed)):
        by_level.setdefault(result.privilege, []).append(result)
    return [
        LevelSummary(privilege, tuple(_splits(of_level)), _measures(of_level))
        for privilege, of_level in by_level.items()
    ]


def measure_names(summaries: Sequence[LevelSummary]) -> list[str]:
    """Names of the measures that any level has, in the order of `MEASURES`."""
    found = {name for summary in summaries for name in summary.measures}
    return [*(name for name in MEASURES if name in found), *sorted(found - MEASURES.keys())]


def level_rows(summaries: Sequence[LevelSummary]) -> list[dict[str, Any]]:
    """The table: one row a level and split; measures, which belong to no split, are repeated on each of its rows."""
    names = measure_names(summaries)
    return [
        {
            "level": summary.name,
            "privilege": summary.privilege,
            "split": split.split,
            "seeds": split.success.count,
            **_cells("success", split.success),
            "episodes": split.pooled.total,
            "pooled_low": split.pooled.low,
            "pooled_high": split.pooled.high,
            "mean_actions": split.mean_actions.mean,
            **{cell: value for name in names for cell, value in _cells(name, summary.measures.get(name)).items()},
        }
        for summary in summaries
        for split in summary.splits
    ]


def _at(tree: Any, path: Sequence[str]) -> Any:
    for name in path:
        if tree is None:
            return None
        tree = tree[name]
    return tree


def _cells(name: str, mean: Mean | None) -> dict[str, float | None]:
    if mean is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: mean.mean, f"{name}_low": mean.low, f"{name}_high": mean.high}


def _splits(results: Sequence[LevelResult]) -> Iterable[SplitSummary]:
    found = in_order(summary for result in results for summary in result.evaluations)
    for split in dict.fromkeys(summary.conditions.split for summary in found):
        of_split = {
            result.seed: summary
            for result in results
            for summary in result.evaluations
            if summary.conditions.split == split
        }
        shares = [summary.success for summary in of_split.values()]
        yield SplitSummary(
            split=split,
            success=_within(mean_interval([share.rate for share in shares])),
            pooled=wilson(sum(share.count for share in shares), sum(share.total for share in shares)),
            mean_actions=mean_interval([summary.mean_actions for summary in of_split.values()]),
            by_seed={seed: summary.success.rate for seed, summary in of_split.items()},
        )


def _measures(results: Sequence[LevelResult]) -> dict[str, Mean]:
    names = dict.fromkeys(name for result in results for name in result.measures)
    return {
        name: mean_interval([result.measures[name] for result in results if name in result.measures]) for name in names
    }


def _within(mean: Mean) -> Mean:
    """A share's interval ends at 0 and 1; Student's does not know."""
    if mean.low is None or mean.high is None:
        return mean
    return Mean(mean.count, mean.mean, max(0.0, mean.low), min(1.0, mean.high))


def _place(privilege: int | None) -> int:
    return -1 if privilege is None else privilege
