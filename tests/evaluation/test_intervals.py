from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from leap_kedro.evaluation.intervals import bootstrap_interval, mean_interval, wilson


@given(st.integers(1, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_agrees_with_scipy(trials: tuple[int, int]) -> None:
    count, total = trials
    found = wilson(count, total)
    expected = binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= found.low <= found.rate <= found.high <= 1


def test_a_known_interval() -> None:
    found = wilson(121, 140)
    assert (round(found.rate, 3), round(found.low, 3), round(found.high, 3)) == (0.864, 0.798, 0.911)


@pytest.mark.parametrize(("count", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(count: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"{count} successes in {total} trials"):
        wilson(count, total)


def test_a_mean_over_seeds_has_students_interval() -> None:
    # t(2) = 4.302653 for 95 %, t(3) = 5.840909 for 99 %.
    three = mean_interval([1.0, 2.0, 3.0])
    assert (three.count, three.mean) == (3, 2.0)
    assert three.high == pytest.approx(2 + 4.302653 / sqrt(3), abs=1e-6)
    four = mean_interval([0.0, 0.0, 1.0, 1.0], confidence=0.99)
    assert four.low == pytest.approx(0.5 - 5.840909 * sqrt(1 / 3) / 2, abs=1e-6)
    alone = mean_interval([0.5])
    assert (alone.mean, alone.low, alone.high) == (0.5, None, None)


def test_a_mean_score_has_an_interval_that_stays_among_the_values() -> None:
    scores = [1.0] * 90 + [0.67] * 10
    low, high = bootstrap_interval(scores)
    assert 0.67 < low < 0.967 < high <= 1
    assert high - low == pytest.approx(2 * 1.96 * 0.0995 / 10, rel=0.15)
    assert bootstrap_interval(scores) == (low, high)
    assert bootstrap_interval([0.5]) == bootstrap_interval([0.5, 0.5]) == (0.5, 0.5)
