"""Confidence intervals of success rates.

Covers independent episodes of one policy. It does NOT cover the spread over training seeds: claims about a method need
several seeds beside the interval of each run.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
"""Confidence level of every interval that the project reports."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of episodes with its confidence interval.

    Attributes:
        count: Episodes that have the property.
        total: Episodes looked at.
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
    p. 209-212; without continuity correction. It stays within [0, 1] and is sensible at 0 and at `total` successes,
    where the normal approximation has width 0.

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
    # At the ends the exact value is 0 or 1; rounding would leave 1e-17 beside it.
    low = 0.0 if count == 0 else max(0.0, centre - half_width)
    high = 1.0 if count == total else min(1.0, centre + half_width)
    return Proportion(count, total, rate, low, high)
