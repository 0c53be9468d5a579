import json
from dataclasses import replace

import pytest
from recorded import VALIDATION, make_episode, make_step

from leap_kedro.evaluation.success import EvaluationSummary, NothingMeasured, summarize
from leap_kedro.evaluation.wording import scores_in_words
from leap_kedro.records import ParseStatus, StopReason

BROKEN = make_episode(9, False, (), StopReason.POLICY_ERROR, error="server answered 503")


def episodes_of_every_sort() -> list:
    refused = make_step("fly", accepted=False)
    unread = make_step("", accepted=False, parse_status=ParseStatus.NO_ACTION)
    return [
        make_episode(0, True),
        make_episode(1, True, (make_step(),) * 4, kind="look_at_obj_in_light"),
        make_episode(2, False, (refused, unread), StopReason.REFUSED_ACTIONS),
        BROKEN,
    ]


def test_summary_counts_what_the_policy_did() -> None:
    found = summarize(episodes_of_every_sort(), VALIDATION, "pi_1", 1)
    assert (found.success.count, found.success.total) == (2, 3)
    assert found.mean_actions == pytest.approx(8 / 3)
    assert found.mean_actions_solved == 3
    assert found.mean_score == pytest.approx(2 / 3)
    assert found.invalid_action_share == found.unparseable_share == 1 / 8
    assert [(kind.kind, kind.success.count, kind.success.total) for kind in found.by_kind] == [
        ("look_at_obj_in_light", 1, 1),
        ("pick_and_place_simple", 1, 2),
    ]


def test_infrastructure_errors_are_counted_apart() -> None:
    found = summarize(episodes_of_every_sort(), VALIDATION, "pi_1", 1)
    assert found.infrastructure_errors == 1
    assert found.stop_reasons == {
        StopReason.SOLVED: 2,
        StopReason.REFUSED_ACTIONS: 1,
        StopReason.POLICY_ERROR: 1,
    }


def test_summary_survives_json() -> None:
    found = summarize(episodes_of_every_sort(), VALIDATION, "pi_1", 1)
    plain = json.loads(json.dumps(found.to_json()))
    assert EvaluationSummary.from_json(plain) == found
    assert plain["conditions"]["held_to_admissible"] is True
    assert plain["success"]["rate"] == pytest.approx(2 / 3)


def test_nothing_solved_has_no_mean_of_the_solved() -> None:
    assert summarize([make_episode(0, False)], VALIDATION, "base", None).mean_actions_solved is None


def test_only_broken_episodes_are_no_result() -> None:
    with pytest.raises(NothingMeasured, match=r"All 1 episodes of policy 'pi_1' on split 'validation'.*503"):
        summarize([BROKEN], VALIDATION, "pi_1", 1)
    with pytest.raises(NothingMeasured, match="Does the split have tasks"):
        summarize([], VALIDATION, "pi_1", 1)


def test_a_score_with_parts_has_intervals() -> None:
    parts = ({"files": 0.33, "answer": 0.33}, {"files": 0.33, "answer": 0.0})
    episodes = [replace(make_episode(index, index % 2 == 0), parts=parts[index % 2]) for index in range(20)]
    found = summarize(episodes, VALIDATION, "pi_1", 1)
    assert found.mean_parts == pytest.approx({"answer": 0.165, "files": 0.33})
    assert set(found.score_intervals) == {"score", "answer", "files"}
    assert found.score_intervals["files"] == (0.33, 0.33)
    low, high = found.score_intervals["answer"]
    assert 0.05 < low < 0.165 < high < 0.28
    assert scores_in_words(found)["files"] == "33.0 (33.0-33.0)"
    assert EvaluationSummary.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert summarize(episodes_of_every_sort(), VALIDATION, "pi_1", 1).score_intervals == {}
