import pytest
from recorded import TEST, make_summary

from leap_kedro.evaluation.ablation import LevelResult, summarize_levels
from leap_kedro.reports.ablation import ablation_figure

RESULTS = [
    LevelResult(seed, privilege, (make_summary(1, solved), make_summary(1, 5, conditions=TEST)), measures)
    for seed, privilege, solved, measures in (
        (0, None, 2, {}),
        (1, None, 4, {}),
        (0, 0, 5, {"leak_rate": 0.0, "gap_l1": 0.4}),
        (1, 0, 7, {"leak_rate": 0.0, "gap_l1": 0.6}),
        (0, 100, 8, {"leak_rate": 0.75}),
        (1, 100, 8, {"leak_rate": 0.85}),
    )
]


def test_success_leak_rate_and_gap_by_privilege() -> None:
    figure = ablation_figure(summarize_levels(RESULTS))
    validation, unseen, leaks, gaps = figure.data
    assert (validation.name, unseen.name) == ("validation", "valid_unseen")
    assert list(validation.x) == pytest.approx([-0.6, 99.4])
    assert list(validation.y) == pytest.approx([60, 80])
    # 0.5 and 0.7: half-width t(1) s / sqrt(2) = 12.706 * 0.1, cut off at the ends of a share.
    assert list(validation.error_y.array) == pytest.approx([40, 0])
    assert list(validation.error_y.arrayminus) == pytest.approx([60, 0])
    assert (list(leaks.x), list(leaks.y)) == ([0, 100], pytest.approx([0, 80]))
    assert (list(gaps.x), list(gaps.y)) == ([0], pytest.approx([0.5]))
    assert sorted(line.y0 for line in figure.layout.shapes) == pytest.approx([30, 50])
    assert "mean of 2 seeds" in figure.layout.title.subtitle.text


def test_one_seed_is_drawn_without_intervals() -> None:
    figure = ablation_figure(summarize_levels(RESULTS[2:3]))
    assert list(figure.data[0].error_y.array) == [0]
