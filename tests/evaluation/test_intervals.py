import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from leap_kedro.evaluation.intervals import wilson


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
