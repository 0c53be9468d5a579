"""The reward: its formula, and what the original's way of reading changes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.intercode_bash.engine.reward import Outcome, Quoting, RewardRule, similarity
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Changes, Status

NEW, MODIFIED, DELETED = Status.NEW, Status.MODIFIED, Status.DELETED


def outcome(output: str | None = "a b", files: dict[str, Status] | None = None, **digests: str) -> Outcome:
    return Outcome(output, Changes(files or {}, digests), True)


def test_the_same_is_worth_1() -> None:
    both = outcome("one two", {"a.txt": NEW, "b": DELETED}, **{"a.txt": "1"})
    reward = RewardRule()(both, both)
    assert reward.total == 1.0
    assert reward.parts == {"file_diff": 0.33, "file_changes": 0.33, "answer_similarity": 0.33}
    assert (reward.missing, reward.extra) == ((), ())


@pytest.mark.parametrize(("changes", "part"), [(0, 0.33), (1, 0.05), (2, 0.0), (5, 0.0)])
def test_each_change_too_many_or_too_few_costs(changes: int, part: float) -> None:
    more = {f"f{number}": MODIFIED for number in range(changes)}
    assert part == round(0.33 * (1 - math.erf(changes)), 2)
    reward = RewardRule()(outcome(files=more), outcome())
    assert reward.parts["file_diff"] == part
    assert reward.extra == tuple((path, "M") for path in sorted(more))
    assert RewardRule()(outcome(), outcome(files=more)).missing == reward.extra


def test_new_files_of_both_are_compared_by_what_they_hold() -> None:
    new = {"a.txt": NEW, "b.txt": NEW, "c.txt": MODIFIED}
    agent = outcome(files=new, **{"a.txt": "1", "b.txt": "2"})
    gold = outcome(files=new, **{"a.txt": "1", "b.txt": "other"})
    assert RewardRule()(agent, gold).parts == {"file_diff": 0.33, "file_changes": 0.17, "answer_similarity": 0.33}


@pytest.mark.parametrize(("strict", "part"), [(False, 0.33), (True, 0.0)])
def test_what_new_directories_hold_counts_only_when_it_is_asked_for(strict: bool, part: float) -> None:
    agent = outcome(files={"d/": NEW}, **{"d/": "1"})
    gold = outcome(files={"d/": NEW}, **{"d/": "2"})
    assert RewardRule(strict_dirs=strict)(agent, gold).parts["file_changes"] == part


def test_a_path_with_a_space_is_cut_where_the_original_cuts_it() -> None:
    agent, gold = outcome(files={"a b.txt": DELETED}), outcome(files={"a c.txt": DELETED})
    assert RewardRule(Quoting.INTERCODE)(agent, gold).missing == ()
    assert RewardRule(Quoting.SAFE)(agent, gold).missing == (("a c.txt", "D"),)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("a b", "a b", 1), ("", "", 1), ("", "\n", 0), ("7\n", "7\n", 1), ("7", "8", 0), (None, None, 1), (None, "x", 0)],
)
def test_texts_without_words_are_alike_only_if_they_are_the_same(
    one: str | None, other: str | None, expected: float
) -> None:
    assert similarity(one, other) == expected


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.dictionaries(st.text(min_size=1, max_size=5), st.sampled_from(Status)),
)
def test_a_reward_is_between_0_and_1_and_its_parts_make_it(one: str, other: str, files: dict[str, Status]) -> None:
    reward = RewardRule()(outcome(one, files), outcome(other))
    assert 0.01 <= reward.total <= 1.0
    assert reward.total == pytest.approx(0.01 + sum(reward.parts.values()))
    assert all(0 <= part <= 0.33 for part in reward.parts.values())
