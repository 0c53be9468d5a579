"""The theory's quantities against examples worked out by hand."""

from math import log

import pytest
from recorded import make_episode

from leap_kedro.evaluation.realizability import (
    Gap,
    SwappedAdvice,
    gap,
    leak_rate,
    privilege_divergence,
    recoverability,
    regret,
    success,
    swap_test,
)
from leap_kedro.records import Correction, StopReason, Verdict
from leap_kedro.records.score import ReplyScore


def score(probability: float, greedy: bool = True) -> ReplyScore:
    return ReplyScore("1/task/0", 0, log(probability), greedy)


def test_success_leaves_broken_episodes_out() -> None:
    solved, failed = make_episode(), make_episode(success=False)
    broken = make_episode(success=False, stop=StopReason.ENVIRONMENT_ERROR)
    found = success([solved, solved, failed, failed, broken])
    assert found is not None
    assert (found.count, found.total) == (2, 4)
    # z = 1.96: centre 1/2, half width 1.96 / (1 + 1.96^2 / 4) * sqrt(1/16 + 1.96^2 / 64) = 0.350
    assert (found.low, found.high) == (pytest.approx(0.150, abs=5e-4), pytest.approx(0.850, abs=5e-4))
    assert success([broken]) is None


def test_recoverability_is_the_mean_and_the_largest_difference_either_way() -> None:
    # The student loses 3 actions, nothing, and is 1 action better than an expert that searches.
    found = recoverability([(7, 4), (2, 2), (5, 6)])
    assert found is not None
    assert (found.decisions, found.mean, found.maximum) == (3, pytest.approx(4 / 3), 3)
    assert recoverability([]) is None


def test_the_gap_of_three_replies() -> None:
    found = gap([score(0.5), score(0.25, greedy=False), score(1.0)])
    assert found is not None
    assert found.replies == 3
    assert found.top1_error == pytest.approx(1 / 3)
    assert found.cross_entropy == pytest.approx((log(2) + log(4)) / 3)
    assert found.l1 == pytest.approx((1 + 1.5 + 0) / 3)
    assert gap([]) is None


def test_regret_is_the_loss_of_the_player_over_the_best_in_hindsight() -> None:
    gaps = [Gap(9, 0.5, 3.0, 1.5), Gap(9, 0.4, 1.0, 0.9), Gap(9, 0.4, 1.25, 0.75)]
    found = regret(gaps, player=1)
    assert (found.cross_entropy, found.l1) == (pytest.approx(0.0), pytest.approx(0.15))
    assert regret(gaps, player=0).cross_entropy == pytest.approx(2.0)


def test_the_swap_test_counts_where_the_history_leaves_something_open() -> None:
    here, there = ("Next is drawer 1.", "go to drawer 1"), ("Next is drawer 2.", "go to drawer 2")
    named = ("The mug is in desk 1.", "go to drawer 1")
    found = swap_test(
        [
            SwappedAdvice(here, (here, there)),  # another action in one of two worlds
            SwappedAdvice(here, (named, named)),  # another reason for the same action
            SwappedAdvice(here, (here,)),
            SwappedAdvice(here, ()),  # nothing is hidden any more
        ]
    )
    assert found is not None
    assert (found.decisions, found.open_share) == (4, 0.75)
    assert found.action_changed == pytest.approx(0.5 / 3)
    assert found.advice_changed == pytest.approx(1.5 / 3)
    assert swap_test([]) is None
    nothing_open = swap_test([SwappedAdvice(here, ())])
    assert nothing_open is not None
    assert (nothing_open.open_share, nothing_open.action_changed) == (0, 0)


def test_the_leak_rate_counts_rejected_steps_too() -> None:
    clean = Correction("1/task/0", 0, Verdict.KEEP, "r", "look", "t", 100)
    leaking = Correction("1/task/0", 1, Verdict.CORRECT, "mug 1 is in desk 1.", "look", "t", 100, ("mug 1",))
    found = leak_rate([clean, clean, clean, leaking])
    assert found is not None
    assert (found.count, found.total) == (1, 4)
    assert leak_rate([]) is None


def test_the_divergence_is_the_mean_gain_in_log_probability() -> None:
    assert privilege_divergence([score(1.0), score(0.5)], [score(0.25), score(0.5)]) == pytest.approx(log(4) / 2)
    assert privilege_divergence([], []) is None
    with pytest.raises(ValueError, match="shorter"):
        privilege_divergence([score(1.0)], [])
