"""The teacher judges each step of the student."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog
from language_models.fake_server import FakeServer, says
from pipelines.stages import run, small_catalog, small_parameters
from pydantic import ValidationError
from recorded import make_episode

from leap_kedro.datasets.prompts import read_prompts
from leap_kedro.language_models import Access
from leap_kedro.pipelines.correction import create_pipeline
from leap_kedro.pipelines.correction.nodes import to_correct
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherParameters, Which
from leap_kedro.pipelines.history import History
from leap_kedro.policies import local
from leap_kedro.records import CorrectedEpisode, Episode, Rejection, StopReason, Verdict, encode


def corrected(
    data: Path, rollouts: list[Episode], history: History, changes: dict[str, Any] | None = None
) -> tuple[list[CorrectedEpisode], DataCatalog]:
    """What the pipeline makes of the rollouts."""
    access = Access(prompts=read_prompts([]))
    values = {"rollouts": rollouts, "history": history, "language_models": access}
    catalog = small_catalog(data, small_parameters(changes), **values)
    run(create_pipeline(), catalog)
    return catalog.load("corrections"), catalog


def test_each_step_of_each_episode_is_judged(rollouts: list[Episode], history: History, tmp_path: Path) -> None:
    found, catalog = corrected(tmp_path, rollouts, history)
    assert {each.episode: len(each.corrections) for each in found} == {each.id: len(each.steps) for each in rollouts}
    judged = [correction for each in found for correction in each.corrections]
    assert {correction.verdict for correction in judged} == {Verdict.KEEP, Verdict.CORRECT}
    assert {(correction.teacher, correction.privilege) for correction in judged} == {("oracle-50-surfaces", 50)}
    assert all(correction.reason and correction.action for correction in judged)
    assert catalog.load("prompts_used") == {}


def test_stored_corrections_are_kept(rollouts: list[Episode], history: History, tmp_path: Path) -> None:
    whole, _ = corrected(tmp_path / "whole", rollouts, history)
    kept = [replace(each, usage=None, hidden=None) for each in whole[:4]]  # to be told apart
    store = tmp_path / "03_corrections/small/iter_1/corrections.jsonl.partial"
    store.parent.mkdir(parents=True)
    store.write_text("".join(f"{encode(each)}\n" for each in kept))
    continued, _ = corrected(tmp_path, rollouts, history)
    assert continued == [*kept, *whole[4:]]
    again, _ = corrected(tmp_path, rollouts, history)
    assert again == continued


def test_only_failed_episodes_are_corrected_where_the_parameters_say_so(
    rollouts: list[Episode], history: History, tmp_path: Path
) -> None:
    broken = replace(rollouts[0], stop=StopReason.ENVIRONMENT_ERROR, success=False)
    solved = replace(rollouts[1], stop=StopReason.SOLVED, success=True)
    failed = [replace(each, stop=StopReason.STEP_LIMIT, success=False) for each in rollouts[2:]]
    found, _ = corrected(tmp_path, [broken, solved, *failed], history, {"correction.episodes": "failed"})
    assert {each.episode for each in found} == {episode.id for episode in failed}


@pytest.mark.parametrize(("below", "failed"), [(1.0, [0.0, 0.7, 1.0]), (0.71, [0.0, 0.7]), (0.7, [0.0]), (0.01, [0.0])])
def test_the_score_below_which_an_episode_has_failed_can_be_set(below: float, failed: list[float]) -> None:
    limit, solved = (StopReason.STEP_LIMIT, False), (StopReason.SOLVED, True)
    ends = [(0.0, *limit), (0.7, *limit), (1.0, *limit), (1.0, *solved)]
    rollouts = [
        replace(make_episode(number), score=score, stop=stop, success=success)
        for number, (score, stop, success) in enumerate(ends)
    ]
    assert [episode.score for episode in to_correct(rollouts, Which.FAILED, below)] == failed
    assert to_correct(rollouts, Which.ALL, below) == rollouts
    solved = [episode for episode in rollouts if episode.score not in failed or episode.success]
    assert to_correct(rollouts, Which.SOLVED, below) == solved


def test_without_a_teacher_the_replies_of_solved_episodes_are_kept(
    rollouts: list[Episode], history: History, tmp_path: Path
) -> None:
    first, *steps = rollouts[0].steps
    solved = replace(rollouts[0], stop=StopReason.SOLVED, success=True, steps=(replace(first, accepted=False), *steps))
    nobody = {"correction.episodes": "solved", "correction.teacher.kind": "none"}
    (found,), _ = corrected(tmp_path, [solved, *rollouts[1:]], history, nobody)
    kept = [(correction.reason, correction.action, correction.verdict) for correction in found.corrections]
    assert kept == [(step.reason, step.action, Verdict.KEEP) for step in solved.steps]
    assert [correction.rejection for correction in found.corrections] == [
        Rejection.NOT_EXECUTABLE if place == 0 or not step.accepted else None for place, step in enumerate(solved.steps)
    ]


@pytest.mark.parametrize("below", [0.0, 1.1])
def test_a_score_that_no_episode_or_every_one_is_below_is_refused(below: float) -> None:
    with pytest.raises(ValidationError, match="failure_threshold"):
        CorrectionParameters(teacher=TeacherParameters(expert="surfaces"), failure_threshold=below)


def test_a_student_that_teaches_itself_is_loaded_once_and_held_to_the_list(
    rollouts: list[Episode], history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, loaded = local.load_policy, []
    monkeypatch.setattr(local, "load_policy", lambda folder, *rest: loaded.append(folder) or load(folder, *rest))
    teacher = {"correction.teacher.kind": "self", "correction.teacher.max_reply_tokens": 24}
    found, _ = corrected(tmp_path, rollouts[:3], history, teacher)
    assert loaded == [history[0].policy_folder]
    assert {each.episode for each in found} == {episode.id for episode in rollouts[:3]}
    judged = [correction for each in found for correction in each.corrections]
    assert {correction.teacher for correction in judged} == {"self-50-pi_0"}
    assert Rejection.NOT_EXECUTABLE not in {correction.rejection for correction in judged}


@pytest.mark.parametrize(
    ("teacher", "model", "name"),
    [({"kind": "llm"}, "big", "big"), ({"kind": "self", "served": True}, "pi_0 served", "self-50-pi_0 served")],
)
def test_a_teacher_behind_a_server_is_asked_in_words(
    rollouts: list[Episode], history: History, tmp_path: Path, teacher: dict[str, Any], model: str, name: str
) -> None:
    better = {"step": 1, "verdict": "correct", "reason": "I look around first.", "action": "look"}
    with FakeServer([says(json.dumps({"corrections": [better]}))]) as server:
        asked = {**teacher, "model": model, "server": {"base_url": server.base_url}}
        found, catalog = corrected(tmp_path, rollouts[:2], history, {"correction.teacher": asked})
    assert {call.body["model"] for call in server.calls} == {model}
    assert len(server.calls) == len(found) == 2
    first = [each.corrections[0] for each in found]
    assert [(each.action, each.accepted) for each in first] == [("look", True)] * 2
    assert all(each.teacher.endswith(name) for each in first)
    assert catalog.load("prompts_used").keys() == {
        "alfworld/hidden",
        "alfworld/privilege_50",
        "alfworld/teacher_episode",
    }


def test_a_run_that_continues_asks_with_the_prompts_of_its_beginning(
    rollouts: list[Episode], history: History, tmp_path: Path
) -> None:
    mine, name = "The question of the beginning.", "alfworld/teacher_episode"
    shipped = read_prompts([])
    access = Access(prompts={**shipped, name: "Another question."})
    with FakeServer([says('{"corrections": []}')]) as server:
        asked = {"kind": "llm", "server": {"base_url": server.base_url}, "max_unusable_share": 1.0}
        parameters = small_parameters({"correction.teacher": asked})
        catalog = small_catalog(tmp_path, parameters, rollouts=rollouts[:1], history=history, language_models=access)
        catalog.save("prompts_used", {**shipped, name: shipped[name].replace("You are", f"{mine} You are")})
        run(create_pipeline().only_nodes("correct_rollouts"), catalog)
    said = "".join(message["content"] for call in server.calls for message in call.body["messages"])
    assert mine in said
    assert "Another question." not in said
