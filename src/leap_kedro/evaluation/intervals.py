"""Confidence intervals: of a success rate and of a mean score over episodes, and of a mean over seeds.

`wilson` and `bootstrap_interval` are for independent episodes of one policy and do NOT cover the spread over training
seeds, which `mean_interval` covers. Claims about a method need both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, stdev

CONFIDENCE = 0.95
"""Confidence level of every interval that the project reports."""
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of episodes with its confidence interval.

    Attributes:
        count: Episodes with the property.
        total: All episodes.
        rate: count / total.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    count: int
    total: int
    rate: float
    low: float
    high: float


def wilson(count: int, total: int, confidence: float = CONFIDENCE) -> Proportion:
    """Share with its Wilson score interval.

    Formula: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
    p. 209-212; without continuity correction. It stays within [0, 1] and has a sensible width at 0 and at `total`
    successes, where the normal approximation has width 0.

    Args:
        count: Successes.
        total: Trials, at least 1.
        confidence: Two-sided level, between 0 and 1.

    Raises:
        ValueError: If there are no trials, or `count` is not within 0 and `total`.
    """
    if total < 1 or not 0 <= count <= total:
        raise ValueError(f"No interval for {count} successes in {total} trials.")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = count / total
    shrink = 1 + z * z / total
    centre = (rate + z * z / (2 * total)) / shrink
    half_width = z / shrink * sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    # At the ends the exact value is 0 or 1, from which rounding could deviate.
    low = 0.0 if count == 0 else max(0.0, centre - half_width)
    high = 1.0 if count == total else min(1.0, centre + half_width)
    return Proportion(count, total, rate, low, high)


def bootstrap_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a mean by the percentile bootstrap; the same values give the same interval.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979), p. 1-26. Scores
    are bounded and skewed; this interval stays within the range of the values.

    Args:
        values: One per episode, at least one.
        confidence: Two-sided level, between 0 and 1.

    Returns:
        Lower and upper end.
    """
    if min(values) == max(values):
        return values[0], values[0]
    from numpy import mean
    from scipy.stats import bootstrap

    how = {"n_resamples": _RESAMPLES, "confidence_level": confidence, "method": "percentile", "random_state": 0}
    found = bootstrap((list(values),), mean, **how).confidence_interval
    return float(found.low), float(found.high)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over seeds with its confidence interval.

    Attributes:
        count: Seeds.
        mean: Their mean.
        low: Lower end of the interval; None for a single seed.
        high: Upper end.
    """

    count: int
    mean: float
    low: float | None
    high: float | None


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Mean:
    """Mean with Student's t interval: ``mean -+ t(n - 1) s / sqrt(n)``.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908), p. 1-25. It assumes normal values. With three
    seeds it is wide: 2.5 times their standard deviation on each side.

    Args:
        values: One per seed, at least one.
        confidence: Two-sided level, between 0 and 1.
    """
    mean = fmean(values)
    if len(values) == 1:
        return Mean(1, mean, None, None)
    from scipy.special import stdtrit  # the quantile of Student's t

    half_width = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * stdev(values) / sqrt(len(values))
    return Mean(len(values), mean, mean - half_width, mean + half_width)
