from recorded import TEST, make_summary

from leap_kedro.evaluation.tables import by_iteration, by_kind

CURVE = [
    make_summary(1, 9),
    make_summary(1, 8, conditions=TEST),
    make_summary(None, 0, policy="base"),
    make_summary(0, 5),
]


def test_one_row_a_policy_and_split_in_reading_order() -> None:
    table = by_iteration(CURVE)
    assert table[["policy", "split", "success", "episodes"]].to_numpy().tolist() == [
        ["base", "validation", 0.0, 10],
        ["pi_0", "validation", 0.5, 10],
        ["pi_1", "validation", 0.9, 10],
        ["pi_1", "valid_unseen", 0.8, 10],
    ]
    assert table["iteration"].isna().tolist() == [True, False, False, False]
    assert table["held_to_admissible"].all()


def test_one_row_a_task_type() -> None:
    table = by_kind([make_summary(1, 5)])
    assert table[["kind", "success", "episodes"]].to_numpy().tolist() == [
        ["look_at_obj_in_light", 0.6, 5],
        ["pick_and_place_simple", 0.4, 5],
    ]


def test_no_results_make_empty_tables() -> None:
    assert by_iteration([]).empty
    assert by_kind([]).empty
