from recorded import make_episode

from leap_kedro.pipelines.reporting.nodes import measure_loop, tabulate_verdicts
from leap_kedro.records import CorrectedEpisode, Correction, Fault, Rejection, StopReason, Verdict


def test_measures_of_student_and_teacher() -> None:
    keep = Correction("1/game-0/7", 0, Verdict.KEEP, "", "look", "oracle", 50)
    correct = Correction("1/game-0/7", 1, Verdict.CORRECT, "", "look", "oracle", 50)
    leak = Correction("1/game-1/7", 0, Verdict.CORRECT, "", "look", "oracle", 50, ("mug 2",), Rejection.LEAKED)
    refused = Correction("1/game-1/7", 1, Verdict.CORRECT, "", "fly", "oracle", 50, (), Rejection.NOT_EXECUTABLE)
    rollouts = [make_episode(0), make_episode(1, False), make_episode(2, False, (), StopReason.POLICY_ERROR)]
    corrections = [CorrectedEpisode("1/game-0/7", (keep, correct)), CorrectedEpisode("1/game-1/7", (leak, refused))]
    assert measure_loop(rollouts, corrections) == {
        "rollout": {"episodes": 2, "success": 0.5, "mean_actions": 2, "infrastructure_errors": 1},
        "correction": {
            "steps": 4,
            "corrected_share": 0.75,
            "rejected_share": 0.5,
            "leaked_share": 0.25,
            "untried_share": 0.0,
        },
        "verdicts": {
            "keep": 1,
            "correct": 1,
            **{f"rejected_{why}": int(why in (Rejection.LEAKED, Rejection.NOT_EXECUTABLE)) for why in Rejection},
        },
    }


def test_the_table_of_verdicts_has_a_row_for_all_that_can_happen() -> None:
    leak = Correction("1/game-1/7", 0, Verdict.CORRECT, "", "look", "oracle", 50, ("mug 2",), Rejection.LEAKED)
    keep = Correction("1/game-1/7", 1, Verdict.KEEP, "", "look", "oracle", 50)
    faults = (Fault(Rejection.UNREADABLE, "", 0), Fault(Rejection.UNREADABLE, "", 1))
    table = tabulate_verdicts([CorrectedEpisode("1/game-1/7", (leak, keep)), CorrectedEpisode("2", (), faults)])
    assert list(table.columns) == ["verdict", "rejection", "count", "share"]
    rows = {(row.verdict, row.rejection): (row.count, row.share) for row in table.itertuples(name="Row", index=False)}
    assert len(table) == len(rows) == len(Verdict) + 2 * len(Rejection)
    assert {key: value for key, value in rows.items() if value[0]} == {
        ("keep", "none"): (1, 0.5),
        ("rejected", "leaked"): (1, 0.5),
        ("fault", "unreadable"): (2, 0.5),
    }


def test_nothing_rolled_out_measures_nothing() -> None:
    assert measure_loop([], [])["rollout"]["success"] == 0
