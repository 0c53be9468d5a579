"""Success and realizability against the teacher's privilege level, over seeds.

NOT covered: a test of one level against another. Levels of one seed share tasks, pi_0 and rollouts, so their
differences are more certain than their intervals, which include the spread of the seeds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leap_kedro.evaluation.intervals import Mean
from leap_kedro.evaluation.seeds import SplitSummary, cells, mean_measures, split_summaries
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.records.encoding import Plain


@dataclass(frozen=True, slots=True)
class LevelResult(Plain):
    """The results of one seed at one privilege level.

    Attributes:
        seed: Seed of everything random.
        privilege: Privilege level, per cent; None for pi_0, before any teaching.
        evaluations: Evaluations of the policy, one per split.
        measures: Realizability and other measures by name; those without a value are left out.
    """

    seed: int
    privilege: int | None
    evaluations: tuple[EvaluationSummary, ...]
    measures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LevelSummary(Plain):
    """The results of all seeds at one level.

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
        """Name of the level in tables."""
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
    "teacher_actions": ("bound", "teacher"),
    "student_actions": ("bound", "student"),
    "allowed_actions": ("bound", "allowed"),
    "allowed_actions_by_maximum": ("bound", "allowed_by_maximum"),
    "teacher_success": ("success", "teacher", "rate"),
}
"""Name of a measure -> its path in the realizability of an iteration."""


def realizability_measures(realizability: Mapping[str, Any]) -> dict[str, float]:
    """The `MEASURES` of one level, from its nested plain values; those without a value are left out."""
    found = {name: _at(realizability, path) for name, path in MEASURES.items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def summarize_levels(results: Iterable[LevelResult]) -> list[LevelSummary]:
    """One summary per level, pi_0 first, then by rising privilege."""
    by_level: dict[int | None, list[LevelResult]] = {}
    for result in sorted(results, key=lambda each: (-1 if each.privilege is None else each.privilege, each.seed)):
        by_level.setdefault(result.privilege, []).append(result)
    return [
        LevelSummary(privilege, split_summaries(of_level), mean_measures(of_level))
        for privilege, of_level in by_level.items()
    ]


def measure_names(summaries: Sequence[LevelSummary]) -> list[str]:
    """Names of the measures that any level has, in the order of `MEASURES`."""
    found = {name for summary in summaries for name in summary.measures}
    return [*(name for name in MEASURES if name in found), *sorted(found - MEASURES.keys())]


def level_rows(summaries: Sequence[LevelSummary]) -> list[dict[str, Any]]:
    """One row per level and split. Measures do not depend on the split and are repeated in each row of the level."""
    names = measure_names(summaries)
    return [
        {
            "level": summary.name,
            "privilege": summary.privilege,
            "split": split.split,
            "seeds": split.success.count,
            **cells("success", split.success),
            "episodes": split.pooled.total,
            "pooled_low": split.pooled.low,
            "pooled_high": split.pooled.high,
            "mean_actions": split.mean_actions.mean,
            **{cell: value for name in names for cell, value in cells(name, summary.measures.get(name)).items()},
        }
        for summary in summaries
        for split in summary.splits
    ]


def _at(tree: Any, path: Sequence[str]) -> Any:
    for name in path:
        if tree is None:
            return None
        tree = tree.get(name)  # an earlier version measured less
    return tree
