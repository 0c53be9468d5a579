import pytest
from recorded import TEST, make_summary

from leap_kedro.evaluation.ablation import (
    LevelResult,
    LevelSummary,
    level_rows,
    realizability_measures,
    summarize_levels,
)

RESULTS = [
    LevelResult(1, 50, (make_summary(1, 7), make_summary(1, 6, conditions=TEST)), {"leak_rate": 0.0, "gap_l1": 0.5}),
    LevelResult(0, 50, (make_summary(1, 6), make_summary(1, 9, conditions=TEST)), {"leak_rate": 0.0, "gap_l1": 0.7}),
    LevelResult(2, 50, (make_summary(1, 8), make_summary(1, 9, conditions=TEST)), {"leak_rate": 0.0}),
    LevelResult(0, 100, (make_summary(1, 10),), {"leak_rate": 0.9}),
    LevelResult(0, None, (make_summary(0, 5),), {}),
]


def test_seeds_are_summed_up_level_by_level() -> None:
    before, half, full = summarize_levels(RESULTS)
    assert [before.privilege, half.privilege, full.privilege] == [None, 50, 100]
    validation, test = half.splits
    assert (validation.split, test.split) == ("validation", "valid_unseen")
    # 0.6, 0.7, 0.8: mean 0.7, deviation 0.1, t(2) = 4.3027, so 0.7 -+ 4.3027 * 0.1 / sqrt(3).
    assert validation.success.mean == pytest.approx(0.7)
    assert validation.success.low == pytest.approx(0.7 - 0.248414, abs=1e-6)
    assert validation.success.high == pytest.approx(0.7 + 0.248414, abs=1e-6)
    assert validation.by_seed == {0: 0.6, 1: 0.7, 2: 0.8}
    # 21 of 30, Wilson.
    assert (validation.pooled.count, validation.pooled.total) == (21, 30)
    assert validation.pooled.low == pytest.approx(0.5212, abs=1e-4)
    # 0.6, 0.9, 0.9: the interval would end at 1.23.
    assert test.success.high == 1.0
    assert half.measures["gap_l1"].count == 2
    assert half.measures["gap_l1"].mean == pytest.approx(0.6)


def test_one_seed_has_a_mean_and_no_interval() -> None:
    full = summarize_levels(RESULTS)[-1]
    assert (full.splits[0].success.mean, full.splits[0].success.low, full.splits[0].success.high) == (1.0, None, None)


def test_the_table_repeats_measures_on_each_split() -> None:
    rows = level_rows(summarize_levels(RESULTS))
    assert [(row["level"], row["split"], row["seeds"]) for row in rows] == [
        ("pi_0", "validation", 1),
        ("50 %", "validation", 3),
        ("50 %", "valid_unseen", 3),
        ("100 %", "validation", 1),
    ]
    assert [row["leak_rate"] for row in rows] == [None, 0.0, 0.0, 0.9]
    assert rows[1]["gap_l1"] == rows[2]["gap_l1"] == pytest.approx(0.6)
    assert rows[3]["gap_l1"] is None
    assert rows[1]["episodes"] == 30


def test_values_survive_json() -> None:
    for result in RESULTS:
        assert LevelResult.from_json(result.to_json()) == result
    for summary in summarize_levels(RESULTS):
        assert LevelSummary.from_json(summary.to_json()) == summary


def test_measures_are_taken_from_the_realizability_of_a_level() -> None:
    measured = {
        "success": {"student": None, "teacher": {"rate": 0.97}},
        "recoverability": {"mean": 0.5, "maximum": 4},
        "gap": {
            "after": {"l1": 0.4, "cross_entropy": 0.3, "top1_error": 0.1},
            "after_on_changes": None,
            "before": None,
        },
        "regret": None,
        "swap_test": None,
        "leak_rate": {"rate": 0.0},
    }
    assert realizability_measures(measured) == {
        "leak_rate": 0.0,
        "gap_l1": 0.4,
        "gap_cross_entropy": 0.3,
        "gap_top1_error": 0.1,
        "recoverability_mean": 0.5,
        "recoverability_maximum": 4.0,
        "teacher_success": 0.97,
    }
