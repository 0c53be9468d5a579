"""Results of several seeds, as means over the seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from leap_kedro.evaluation.intervals import Mean, Proportion, mean_interval, wilson
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.tables import in_order


class OfSeed(Protocol):
    """The results of one seed."""

    @property
    def seed(self) -> int:
        """Seed of everything random."""

    @property
    def evaluations(self) -> tuple[EvaluationSummary, ...]:
        """Evaluations of the policy, one per split."""

    @property
    def measures(self) -> Mapping[str, float]:
        """Further measures by name; those without a value are left out."""


@dataclass(frozen=True, slots=True)
class SeedResult:
    """The results of one seed; the attributes are those of `OfSeed`."""

    seed: int
    evaluations: tuple[EvaluationSummary, ...]
    measures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """Success of one level or method on one split.

    Attributes:
        split: Name of the split.
        success: Mean of the seeds' success rates.
        pooled: Success over all episodes of all seeds; its interval ignores the spread of seeds.
        mean_actions: Mean over seeds of the mean number of actions.
        by_seed: Success rate by seed.
    """

    split: str
    success: Mean
    pooled: Proportion
    mean_actions: Mean
    by_seed: Mapping[int, float]


def split_summaries(results: Sequence[OfSeed]) -> tuple[SplitSummary, ...]:
    """Success by split, validation first."""
    return tuple(_splits(results))


def mean_measures(results: Sequence[OfSeed]) -> dict[str, Mean]:
    """The mean of each measure, over the seeds that have it."""
    names = dict.fromkeys(name for result in results for name in result.measures)
    return {
        name: mean_interval([result.measures[name] for result in results if name in result.measures]) for name in names
    }


def seeds_in_words(splits: Sequence[SplitSummary]) -> str:
    """The number of seeds of the means, "1 to 3 seeds" if it is not the same for all."""
    counts = sorted({split.success.count for split in splits})
    if not counts:
        return "no seeds"
    several = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return f"{several} seed{'s' * (counts[-1] != 1)}"


def cells(name: str, mean: Mean | None) -> dict[str, float | None]:
    """Columns of a table: a mean and the ends of its interval."""
    if mean is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: mean.mean, f"{name}_low": mean.low, f"{name}_high": mean.high}


def _splits(results: Sequence[OfSeed]) -> Iterator[SplitSummary]:
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


def _within(mean: Mean) -> Mean:
    """Student's interval, cut to 0 and 1, the range of a share."""
    if mean.low is None or mean.high is None:
        return mean
    return Mean(mean.count, mean.mean, max(0.0, mean.low), min(1.0, mean.high))
