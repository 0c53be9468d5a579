import pytest
from recorded import TEST, make_summary

from leap_kedro.reports.figures import learning_curve, task_types

RESULTS = [
    make_summary(1, 9),
    make_summary(None, 0, policy="base"),
    make_summary(0, 5),
    make_summary(1, 8, 20, conditions=TEST),
]


def test_the_learning_curve_shows_each_split_with_intervals_from_base_to_the_newest() -> None:
    figure = learning_curve(RESULTS)
    validation, test = figure.data
    assert (validation.name, test.name) == ("validation (10 tasks)", "valid_unseen (20 tasks)")
    assert list(validation.x) == pytest.approx([-0.035, 0.965, 1.965])
    assert list(test.x) == pytest.approx([2.035])
    assert list(validation.y) == [0, 50, 90]
    assert validation.y[1] + validation.error_y.array[1] == pytest.approx(76.34, abs=0.01)
    assert validation.y[1] - validation.error_y.arrayminus[1] == pytest.approx(23.66, abs=0.01)
    assert list(figure.layout.xaxis.ticktext) == ["base", "pi_0", "pi_1"]
    assert "held to the admissible actions" in figure.layout.title.subtitle.text


def test_task_types_by_policy_and_split() -> None:
    validation, test = task_types(RESULTS).data
    assert list(validation.y) == ["pick and place simple", "look at obj in light"]
    assert [list(row) for row in validation.z] == [[0, 40, 80], [0, 60, 100]]
    assert [list(row) for row in test.z] == [[None, None, 40], [None, None, 40]]
    assert validation.text[0][1] == "40<br>of 5"


def test_nothing_evaluated_makes_empty_figures() -> None:
    assert len(learning_curve([]).data) == len(task_types([]).data) == 0
