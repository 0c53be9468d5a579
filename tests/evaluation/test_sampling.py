import pytest
from recorded import make_episode

from leap_kedro.evaluation.sampling import sample
from leap_kedro.records import StopReason


@pytest.mark.parametrize(
    ("solved", "unsolved", "count", "expected"),
    [(5, 5, 4, [False, False, True, True]), (5, 1, 4, [False, True, True, True]), (1, 5, 3, [False, False, True]),
     (0, 1, 4, [False]), (3, 3, 0, [])],
)  # fmt: skip
def test_a_sample_has_both_sorts(solved: int, unsolved: int, count: int, expected: list[bool]) -> None:
    episodes = [make_episode(number, number < solved) for number in range(solved + unsolved)]
    broken = make_episode(99, False, stop=StopReason.POLICY_ERROR)
    assert [episode.success for episode in sample([broken, *episodes], count)] == expected
