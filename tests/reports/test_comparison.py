import pytest
from recorded import TEST, make_summary

from leap_kedro.reports.comparison import comparison_chart


def test_a_colour_a_policy_a_group_a_task_type_a_panel_a_split() -> None:
    figure = comparison_chart(
        [
            make_summary(None, 0, policy="random"),
            make_summary(None, 5, policy="behaviour_cloning"),
            make_summary(None, 8, policy="behaviour_cloning", conditions=TEST),
        ]
    )
    random, cloned, on_test = figure.data
    assert [annotation.text for annotation in figure.layout.annotations] == ["validation", "valid_unseen"]
    assert (random.name, cloned.name, on_test.name) == ("random", "behaviour cloning", "behaviour cloning")
    assert list(cloned.x) == ["all", "look at obj in light", "pick and place simple"]
    assert list(cloned.y) == [50, 60, 40]
    assert cloned.y[0] + cloned.error_y.array[0] == pytest.approx(76.34, abs=0.01)
    assert cloned.y[0] - cloned.error_y.arrayminus[0] == pytest.approx(23.66, abs=0.01)
    assert cloned.marker.color == on_test.marker.color != random.marker.color
    assert [bar.showlegend for bar in figure.data] == [True, True, False]


def test_nothing_compared_makes_an_empty_chart() -> None:
    assert len(comparison_chart([]).data) == 0
