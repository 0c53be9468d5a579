from dataclasses import replace

import pytest
from recorded import TEST, VALIDATION, make_summary

from leap_kedro.evaluation.champion import NotComparable, champion


def test_the_best_on_validation_wins_and_the_earlier_one_among_equals() -> None:
    curve = [make_summary(0, 5), make_summary(3, 9), make_summary(1, 9), make_summary(2, 8)]
    assert champion(curve).policy == "pi_1"


@pytest.mark.parametrize(
    ("summaries", "message"),
    [
        ([], "evaluate a policy"),
        ([make_summary(1, 9, conditions=TEST)], "validation.*pi_1.*valid_unseen"),
        ([make_summary(None, 0, policy="base")], "'base' belongs to no iteration"),
        (
            [make_summary(1, 5), make_summary(2, 9, conditions=replace(VALIDATION, held_to_admissible=False))],
            "different conditions",
        ),
    ],
)
def test_what_may_not_be_compared_is_refused(summaries: list, message: str) -> None:
    with pytest.raises(NotComparable, match=message):
        champion(summaries)
