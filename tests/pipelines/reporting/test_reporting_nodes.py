from recorded import make_episode

from leap_kedro.pipelines.reporting.nodes import measure_loop
from leap_kedro.records import CorrectedEpisode, Correction, Rejection, StopReason, Verdict


def test_measures_of_student_and_teacher() -> None:
    keep = Correction("1/game-0/7", 0, Verdict.KEEP, "", "look", "oracle", 50)
    correct = Correction("1/game-0/7", 1, Verdict.CORRECT, "", "look", "oracle", 50)
    leak = Correction("1/game-1/7", 0, Verdict.CORRECT, "", "look", "oracle", 50, ("mug 2",), Rejection.LEAKED)
    refused = Correction("1/game-1/7", 1, Verdict.CORRECT, "", "fly", "oracle", 50, (), Rejection.NOT_EXECUTABLE)
    rollouts = [make_episode(0), make_episode(1, False), make_episode(2, False, (), StopReason.POLICY_ERROR)]
    corrections = [CorrectedEpisode("1/game-0/7", (keep, correct)), CorrectedEpisode("1/game-1/7", (leak, refused))]
    assert measure_loop(rollouts, corrections) == {
        "rollout": {"episodes": 2, "success": 0.5, "mean_actions": 2, "infrastructure_errors": 1},
        "correction": {"steps": 4, "corrected_share": 0.75, "rejected_share": 0.5, "leaked_share": 0.25},
    }


def test_nothing_rolled_out_measures_nothing() -> None:
    assert measure_loop([], [])["rollout"]["success"] == 0
