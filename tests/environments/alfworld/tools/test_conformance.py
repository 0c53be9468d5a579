"""Recorded answers of TextWorld, and the command that replays them."""

import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.text import HELP
from leap_kedro.environments.alfworld.tasks.games import load_game
from leap_kedro.environments.alfworld.tools import conformance
from leap_kedro.environments.recordings import read_recordings

HEAT = "pick_heat_then_place_in_recep-Apple-None-DiningTable-1"


def recording(path: Path, actions: list[str]) -> dict[str, object]:
    game = Game(load_game(path))
    record: dict[str, object] = {
        "game": f"train/{HEAT}/trial_1",
        "text_version": "2.1.1",
        "intro": game.reset(),
        "admissible0": list(game.admissible()),
    }
    steps = []
    for action in actions:
        observation, score, done, _ = game.step(action)
        steps.append(
            {
                "action": action,
                "observation": observation,
                "admissible": list(game.admissible()),
                "score": score,
                "done": done,
            }
        )
    return {**record, "steps": steps}


def test_differences_are_counted_and_shown(
    tmp_path: Path, add_game: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    record = recording(add_game("train", HEAT, "trial_1"), ["go to fridge 1", "open fridge 1", "fly"])
    traces = tmp_path / "traces.jsonl"
    traces.write_text(json.dumps(record) + "\n")
    command = [str(traces), "--games", str(tmp_path)]
    assert conformance.main(command) == 0
    assert capsys.readouterr().out == "games 1 steps 3 differences 0\n"

    steps = record["steps"]
    assert isinstance(steps, list)
    steps[1]["observation"] = "You open the fridge 7."
    steps[2]["admissible"].reverse()
    traces.write_text(json.dumps(record) + "\n")
    assert conformance.main(command) == 1
    counts, *shown = capsys.readouterr().out.splitlines()
    assert counts == "games 1 steps 3 differences 2"
    assert shown[0] == f"train/{HEAT}/trial_1, step 2 ('open fridge 1'): observation differs"
    assert shown[1] == "  recorded: 'You open the fridge 7.'"
    assert shown[2] == "  native:   'You open the fridge 1. The fridge 1 is open. In it, you see a apple 1.'"
    assert shown[3] == f"train/{HEAT}/trial_1, step 3 ('fly'): admissible differs"


def test_what_is_missing_is_named(
    tmp_path: Path, add_game: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    traces = tmp_path / "traces.jsonl"
    traces.write_text(json.dumps(recording(add_game("train", HEAT, "trial_1"), [])) + "\n")
    assert conformance.main([str(traces), "--games", str(tmp_path / "elsewhere")]) == 2
    assert "elsewhere/json_2.1.1/train" in capsys.readouterr().err
    assert conformance.main([str(tmp_path / "none.jsonl.xz"), "--games", str(tmp_path)]) == 2
    assert "none.jsonl.xz" in capsys.readouterr().err
    traces.write_text("torn {")
    assert conformance.main([str(traces), "--games", str(tmp_path)]) == 2
    assert "traces.jsonl cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "are empty"),
        ({"intro": None}, "line 1: .*intro"),
        ({"text_version": "9"}, "line 1: .*'9'"),
        ({"steps": [{"action": "look"}]}, "line 1: .*admissible, done, observation, score"),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path,
    add_game: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    why: str,
) -> None:
    record = recording(add_game("train", HEAT, "trial_1"), ["look"]) | change
    kept = {key: value for key, value in record.items() if value is not None}
    traces = tmp_path / "traces.jsonl"
    traces.write_text(json.dumps(kept) if change else "")
    assert conformance.main([str(traces), "--games", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert re.search(f"traces.jsonl .*{why}", printed.err)
    assert printed.out == ""
    traces.write_text("[1]")
    assert conformance.main([str(traces), "--games", str(tmp_path)]) == 2


@pytest.mark.official
@pytest.mark.parametrize(("version", "games", "steps"), [("2.1.1", 36, 797), ("2.1.2", 18, 412)])
def test_recorded_answers_replay_without_a_difference(
    version: str,
    games: int,
    steps: int,
    shared_alfworld: Path,
    recorded_games: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    traces = shared_alfworld / "traces" / f"text_{version}.jsonl.xz"
    assert conformance.main([str(traces), "--games", str(recorded_games)]) == 0
    assert capsys.readouterr().out == f"games {games} steps {steps} differences 0\n"


def test_recorded_help_differs_from_the_official_one_in_its_line_ends_only(shared_alfworld: Path) -> None:
    answers = {
        step["observation"]
        for record in read_recordings(shared_alfworld / "traces" / "text_2.1.2.jsonl.xz", json.loads)
        for step in record["steps"]
        if step["action"] == "help"
    }
    assert {answer.replace("\\n", "\n") for answer in answers} == {HELP}


@pytest.fixture(scope="module")
def recorded_games(shared_alfworld: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The games that were recorded, out of both archives."""
    wanted = {
        f"json_2.1.1/{record['game']}/game.tw-pddl"
        for path in (shared_alfworld / "traces").glob("*.xz")
        for record in read_recordings(path, json.loads)
    }
    folder = tmp_path_factory.mktemp("recorded")
    for archive in shared_alfworld.glob("json_2.1.1.*.tar.xz"):
        with tarfile.open(archive, "r|xz") as members:
            members.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has none yet
            for member in members:
                if member.name.removeprefix("./") in wanted:
                    members.extract(member, folder)
    return folder
