"""Logs, read back with Inspect's own reader."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded import make_episode, make_step

from leap_kedro.datasets.errors import StorageError
from leap_kedro.records import (
    CorrectedEpisode,
    Correction,
    Episode,
    Exchange,
    Fault,
    ParseStatus,
    PrivilegedState,
    Rejection,
    StopReason,
    Verdict,
    encode,
)
from leap_kedro.reports.inspect.logs import log_path, outdated, write_log
from leap_kedro.reports.inspect.stores import PlannedLog, Store

pytest.importorskip("inspect_ai", reason="Inspect is not installed: the extra [view]")

KEY = "sk-proj-0123456789abcdefghij"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> [a](javascript:alert(3)) ![b](//example.org/b) \x00\u202e"
HIDDEN = PrivilegedState("put a mug in desk.", ("mug 2",), ("mug 2 is in drawer 3.",), ("open drawer 3", "take mug 2"))


def store(path: Path, records: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{encode(record)}\n" for record in records), encoding="utf-8")
    return path


def correction(episode: Episode, step: int, verdict: Verdict = Verdict.CORRECT, **fields: Any) -> Correction:
    made = Correction(episode.id, step, verdict, "I need a mug.", "open drawer 3", "oracle", 50)
    return replace(made, **fields)


def read(planned: PlannedLog, folder: Path) -> Any:
    from inspect_ai.log import read_eval_log

    return read_eval_log(str(write_log(planned, folder, "small")))


def tree(sample: Any) -> list[str]:
    """Titles of the spans and events of a sample, indented as in the viewer's tree."""
    depth, lines = 0, []
    for event in sample.events:
        if event.event == "span_end":
            depth -= 1
            continue
        title = {"span_begin": "name", "info": "source", "model": "model"}[event.event]
        lines.append("  " * depth + getattr(event, title))
        depth += event.event == "span_begin"
    return lines


@pytest.fixture(scope="module")
def rollouts(tmp_path_factory: pytest.TempPathFactory) -> PlannedLog:
    """Three corrected episodes: two of one task, and one that failed technically."""
    folder = tmp_path_factory.mktemp("stores")
    unread = make_step("", accepted=False, reply="I wonder", parse_status=ParseStatus.NO_ACTION)
    first = make_episode(0, False, (make_step("open a/b", prompt_tokens=20, reply_tokens=5), unread))
    second = replace(make_episode(0), seed=8, parts={"price": 0.25})
    third = make_episode(1, False, (), StopReason.POLICY_ERROR, error=f"401 for {KEY}")
    about_all = Exchange((("system", "You teach."), ("user", "mug 2 is in drawer 3.")), "{}", "length")
    about_one = Exchange((("user", "step 2?"),), "{...}", "stop", 1, 1, cached=True, prompt_tokens=7, reply_tokens=2)
    said = [
        CorrectedEpisode(
            first.id,
            (correction(first, 0), correction(first, 1, rejection=Rejection.LEAKED, leaked=("mug 2",))),
            (Fault(Rejection.UNREADABLE, "no JSON", step=1),),
            exchanges=(about_all, about_one),
            hidden=HIDDEN,
        ),
        CorrectedEpisode(second.id, (correction(second, 0, Verdict.KEEP), correction(second, 1, Verdict.KEEP))),
    ]
    paths = store(folder / "rollouts.jsonl", [first, second, third]), store(folder / "corrections.jsonl", said)
    return PlannedLog("iter_1_rollouts", (Store(*paths),))


@pytest.fixture(scope="module")
def log(rollouts: PlannedLog, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read(rollouts, tmp_path_factory.mktemp("logs"))


def test_each_episode_is_a_sample_and_a_task_played_again_another_epoch(log: Any) -> None:
    assert (log.status, log.eval.task, log.eval.model) == ("success", "iter_1_rollouts", "pi_1")
    assert [(each.id, each.epoch) for each in log.samples] == [("game-0", 1), ("game-1", 1), ("game-0", 2)]
    assert log.eval.dataset.sample_ids == ["game-0", "game-1"]
    assert (log.eval.config.epochs, log.results.total_samples, log.results.completed_samples) == (2, 3, 2)
    assert log.stats.model_usage["pi_1"].total_tokens == 25


def test_scores_and_their_means(log: Any) -> None:
    scores = [{name: score.value for name, score in each.scores.items()} for each in log.samples]
    teaching = ("kept", "corrected", "rejected", "leaked")
    assert scores[0] == {"success": False, "score": 0, "actions": 2, **dict(zip(teaching, (0, 1, 1, 1), strict=True))}
    assert scores[2] == {
        "success": True, "score": 1, "actions": 2, "price": 0.25, **dict(zip(teaching, (2, 0, 0, 0), strict=True))
    }  # fmt: skip
    means = {each.name: (each.metrics["mean"].value, each.scored_samples) for each in log.results.scores}
    assert means["success"] == (0.5, 2)
    assert means["price"] == (0.25, 1)
    assert log.samples[0].scores["success"].explanation == "not solved (step limit), 2 actions"


def test_what_samples_are_filtered_by(log: Any) -> None:
    about = log.samples[0].metadata
    assert about == {
        "environment": "alfworld", "split": "validation", "kind": "pick_and_place_simple", "policy": "pi_1",
        "iteration": 1, "seed": 7, "success": False, "stop": "step_limit", "refused_actions": 1, "teacher": "oracle",
        "privilege": 50, "leak": True, "rejections": {"leaked": 1}, "faults": 1,
    }  # fmt: skip
    assert log.samples[2].metadata["leak"] is False


def test_the_teacher_stands_beside_each_step_and_privileged_facts_apart(log: Any) -> None:
    assert tree(log.samples[0]) == [
        "1. open a\u2215b [corrected: open drawer 3]",
        "  pi_1",
        "  teacher oracle",
        "2. no action (refused) [rejected: leaked]",
        "  pi_1",
        "  call of the teacher, asked again (PRIVILEGED, hidden from the student)",
        "    oracle",
        "  teacher oracle",
        "end: not solved (step limit), 2 actions",
        "PRIVILEGED, hidden from the student: what the teacher saw",
        "  state at the start (PRIVILEGED, hidden from the student)",
        "  call of the teacher (PRIVILEGED, hidden from the student)",
        "    oracle",
        "  fault of the teacher's reply",
    ]
    infos = {event.source: event.data for event in log.samples[0].events if event.event == "info"}
    assert infos["teacher oracle"] == {
        "verdict": "correct", "action": "open drawer 3", "reason": "I need a mug.", "rejected": "leaked",
        "leaked (PRIVILEGED, hidden from the student)": ["mug 2"],
    }  # fmt: skip
    assert infos["state at the start (PRIVILEGED, hidden from the student)"]["plan"] == ["open drawer 3", "take mug 2"]
    assert infos["fault of the teacher's reply"] == {"fault": "unreadable", "detail": "no JSON", "step": 2}
    assert tree(log.samples[2])[-1] == "end: solved, 2 actions"  # nothing privileged was stored


def test_events_are_inside_their_spans(log: Any) -> None:
    inside: list[str | None] = [None]
    for event in log.samples[0].events:
        if event.event == "span_begin":
            assert event.parent_id == inside[-1]
            inside.append(event.id)
        assert event.span_id == inside[-1]
        if event.event == "span_end":
            assert event.id == inside.pop()
    names = [event.uuid for sample in log.samples for event in sample.events]
    assert len(set(names)) == len(names)


def test_the_conversation_shows_what_was_seen_and_said_and_the_teachers_action(log: Any) -> None:
    said = log.samples[0].messages
    assert [each.role for each in said] == ["user", "assistant", "user", "assistant", "user"]
    assert [said[1].text, said[3].text] == ["I need a mug. Next is desk 1.\n\n> open a/b", "I wonder"]
    assert [said[1].metadata["teacher"], said[3].metadata["teacher"]] == [
        "corrected: open drawer 3",
        "rejected: leaked",
    ]
    assert not any("drawer 3." in each.text for each in said)


def test_calls_to_the_teacher_have_prompt_and_reply(log: Any) -> None:
    calls = [each for each in log.samples[0].events if each.event == "model" and each.role == "teacher"]
    assert [[(part.role, part.text) for part in each.input] for each in calls] == [
        [("user", "step 2?")],
        [("system", "You teach."), ("user", "mug 2 is in drawer 3.")],
    ]
    assert [each.output.completion for each in calls] == ["{...}", "{}"]
    assert [each.output.stop_reason for each in calls] == ["stop", "max_tokens"]
    assert [each.cache for each in calls] == ["read", None]
    assert calls[0].output.usage.total_tokens == 9


def test_an_episode_that_failed_technically_is_an_error_without_scores_or_keys(log: Any) -> None:
    failed = log.samples[1]
    assert failed.scores == {}
    assert failed.error.message == "401 for [redacted]"


def test_policies_are_side_by_side_task_by_task(tmp_path: Path) -> None:
    before = [make_episode(number, number != 2, iteration=0) for number in range(3)]
    after = [make_episode(number, number == 2) for number in range(3)]
    prompted = [replace(make_episode(0, False, (), StopReason.POLICY_ERROR, error="down"), policy="few-shot gpt 5")]
    stores = (
        Store(store(tmp_path / "a.jsonl", before)),
        Store(store(tmp_path / "b.jsonl", after)),
        Store(store(tmp_path / "c.jsonl", after[:1]), player="level_0"),
        Store(store(tmp_path / "d.jsonl", prompted)),
    )
    log = read(PlannedLog("evaluation_side_by_side", stores, side_by_side=True), tmp_path)
    assert log.eval.model == "pi_0, pi_1, level_0, few-shot gpt 5"
    scores = {each.id: {name: score.value for name, score in each.scores.items()} for each in log.samples}
    assert [name for name, score in scores.items() if score["pi_0"] and not score["pi_1"]] == ["game-0", "game-1"]
    assert scores["game-0"] == {"pi_0": True, "pi_1": False, "level_0": False}
    assert log.samples[0].metadata["stop"]["few_shot_gpt_5"] == "policy_error"
    titles = [line for line in tree(log.samples[0]) if not line.startswith(" ")]
    assert titles == [
        "few-shot gpt 5: not solved (policy error), 0 actions",
        "level_0: not solved (step limit), 2 actions",
        "pi_1: not solved (step limit), 2 actions",
        "pi_0: solved, 2 actions",
    ]
    assert tree(log.samples[0])[-5:] == [
        "  1. go to desk 1",
        "    pi_0",
        "  2. take mug 1 from desk 1",
        "    pi_0",
        "  end: solved, 2 actions",
    ]
    means = {each.name: (each.metrics["mean"].value, each.scored_samples) for each in log.results.scores}
    assert means == {"pi_0": (2 / 3, 3), "pi_1": (1 / 3, 3), "level_0": (0.0, 1)}


def test_what_models_and_environments_write_is_declared_untrusted_and_keys_are_left_out(tmp_path: Path) -> None:
    """The viewer shows a log as plain text where it says so, whatever is written in it."""
    evil = f"{EVIL} {KEY}"
    step = make_step(evil, observation=evil, reply=evil, reason=evil, admissible=(evil,))
    made = make_episode(0, False, (step,))
    episode = replace(made, final_observation=evil, task=replace(made.task, goal=evil, kind=evil), policy=evil)
    said = CorrectedEpisode(
        episode.id,
        (correction(episode, 0, reason=evil, action=evil, leaked=(evil,)),),
        (Fault(Rejection.EMPTY, evil),),
        exchanges=(Exchange((("user", evil),), evil, evil),),
        hidden=PrivilegedState(evil, (evil,), (evil,), (evil,)),
    )
    paths = store(tmp_path / "rollouts.jsonl", [episode]), store(tmp_path / "corrections.jsonl", [said])
    for side_by_side in (False, True):
        log = read(PlannedLog("evil", (Store(*paths),), side_by_side), tmp_path)
        assert log.eval.viewer.trust_content is False
        written = json.dumps(log.model_dump(mode="json"))
        assert KEY not in written
        assert "alert(3)" in written
        names = [event.name for event in log.samples[0].events if event.event == "span_begin"]
        assert all(name.isprintable() and len(name) <= 120 and "/" not in name for name in names)


def test_only_what_is_missing_or_older_than_its_data_is_written(rollouts: PlannedLog, tmp_path: Path) -> None:
    assert outdated([rollouts], tmp_path) == [rollouts]
    write_log(rollouts, tmp_path, "small")
    assert outdated([rollouts], tmp_path) == []
    changed = rollouts.changed
    os.utime(log_path(rollouts, tmp_path), ns=(changed - 1, changed - 1))
    assert outdated([rollouts], tmp_path) == [rollouts]


def test_an_empty_store_makes_an_empty_log(tmp_path: Path) -> None:
    log = read(PlannedLog("none", (Store(store(tmp_path / "none.jsonl", [])),)), tmp_path)
    assert (log.results.total_samples, log.results.scores) == (0, [])


def test_a_store_that_was_edited_is_named_and_no_log_is_left(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text("{}\n")
    with pytest.raises(StorageError, match=r"broken\.jsonl, line 1"):
        write_log(PlannedLog("broken", (Store(path),)), tmp_path / "logs", "small")
    assert not (tmp_path / "logs").exists()
