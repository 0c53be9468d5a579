from recorded import TEST, make_summary

from leap_kedro.tracking.metrics import Point, evaluation_points, histories, scalars


def test_numbers_of_a_report_become_metrics_and_pairs_histories() -> None:
    report = {"steps": 20, "losses": [[10, 1.5], [20, float("nan")]], "name": "muon", "data": {"D_0": 3}, "share": True}
    assert list(scalars(report, "training", 2)) == [
        Point("training/steps", 20.0, 2),
        Point("training/data/D_0", 3.0, 2),
        Point("training/share", 1.0, 2),
    ]
    assert list(histories(report, "training")) == [Point("training/losses", 1.5, 10)]


def test_an_evaluation_is_grouped_by_its_split() -> None:
    summary = make_summary(2, 4, conditions=TEST)
    first, *others = evaluation_points(summary, 2)
    assert first == Point("success/valid_unseen", 0.4, 2)
    values = {point.key: point.value for point in others}
    assert values["valid_unseen/stopped_by_step_limit"] == 6
    assert values["valid_unseen/success_by_type/pick_and_place_simple"] == 0.4
