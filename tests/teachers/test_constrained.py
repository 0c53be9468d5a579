"""The formula of the constrained expert."""

from math import exp, inf, log

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leap_kedro.teachers.constrained import constrained_expert

PROBABILITY = st.floats(0.01, 1)
ADVANTAGE = st.integers(-9, 0)
CASES = st.lists(st.tuples(PROBABILITY, ADVANTAGE), min_size=1, max_size=6)


def test_the_formula() -> None:
    weights = [0.5 * exp(-1 / 2), 0.25 * exp(0), 0.25 * exp(-3 / 2)]
    found = constrained_expert([0.5, 0.25, 0.25], [-1, 0, -3], 2.0)
    assert found == pytest.approx([weight / sum(weights) for weight in weights])


def test_what_cannot_be_done_gets_nothing() -> None:
    assert constrained_expert([0.9, 0.1], [None, -4], 1.0) == [0.0, 1.0]
    assert constrained_expert([0.9, 0.1], [None, None], 1.0) == [0.0, 0.0]


@given(CASES)
def test_without_privilege_it_is_the_prior(case: list[tuple[float, int]]) -> None:
    prior, advantages = zip(*case, strict=True)
    assert constrained_expert(prior, advantages, inf) == pytest.approx([p / sum(prior) for p in prior])


@given(CASES)
def test_with_all_privilege_only_the_best_actions_count(case: list[tuple[float, int]]) -> None:
    prior, advantages = zip(*case, strict=True)
    for probability, advantage in zip(constrained_expert(prior, advantages, 0.0), advantages, strict=True):
        assert (probability > 0) == (advantage == max(advantages))


@given(CASES, st.floats(0.1, 5), st.floats(0.1, 5))
def test_divergence_from_the_prior_falls_with_the_temperature(
    case: list[tuple[float, int]], one: float, other: float
) -> None:
    assume(abs(one - other) > 0.01)
    prior, advantages = zip(*case, strict=True)
    base = [p / sum(prior) for p in prior]

    def divergence(temperature: float) -> float:
        expert = constrained_expert(prior, advantages, temperature)
        return sum(p * log(p / q) for p, q in zip(expert, base, strict=True) if p > 0)

    assert divergence(max(one, other)) <= divergence(min(one, other)) + 1e-9
