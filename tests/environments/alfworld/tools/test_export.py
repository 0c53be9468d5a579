"""Exported games: read back as official ones, they are the same games."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import TaskType, TextVersion
from leap_kedro.environments.alfworld.engine.text import HELP
from leap_kedro.environments.alfworld.tasks.game_index import game_index
from leap_kedro.environments.alfworld.tasks.games import load_game
from leap_kedro.environments.alfworld.tasks.generator import GeneratedGame, Split, generate
from leap_kedro.environments.alfworld.tools.export import export_games, main
from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.sources import OnMalformed


def one_of_each_task_type(text_version: TextVersion) -> list[GeneratedGame]:
    found: dict[TaskType, GeneratedGame] = {}
    index = 0
    while len(found) < len(TaskType):
        generated = generate(Split.VALID_UNSEEN, index, 0, text_version)
        found.setdefault(generated.problem.goal.task_type, generated)
        index += 1
    return list(found.values())


@pytest.mark.parametrize("text_version", list(TextVersion))
def test_read_back_it_is_the_same_game(text_version: TextVersion, tmp_path: Path) -> None:
    games = one_of_each_task_type(text_version)
    for generated, path in zip(games, export_games(games, tmp_path), strict=True):
        read = load_game(path)
        assert read.help_text == (HELP if text_version is TextVersion.V2_1_2 else None)
        assert replace(read, help_text=None) == generated.problem
        ours, theirs = Game(generated.problem), Game(read)
        assert ours.reset() == theirs.reset()
        random = Random(0)
        for _ in range(40):
            assert ours.admissible() == theirs.admissible()
            command = random.choice(ours.admissible())
            assert ours.step(command) == theirs.step(command)


def test_the_walkthrough_wins(tmp_path: Path) -> None:
    for path in export_games(one_of_each_task_type(TextVersion.V2_1_2), tmp_path):
        content = json.loads(path.read_text())
        game = Game(load_game(path))
        outcomes = [game.step(command) for command in content["walkthrough"]]
        assert all(accepted for *_, accepted in outcomes)
        assert outcomes[-1][1:3] == (1.0, True)
        assert content["solvable"] is True


def test_the_folder_is_like_that_of_alfworld_download(tmp_path: Path) -> None:
    games = [generate(Split.VALID_UNSEEN, index, 3, TextVersion.V2_1_1) for index in range(6)]
    paths = export_games(games, tmp_path)
    index = game_index(tmp_path, "valid_unseen", OnMalformed.REFUSE, cache_folder=tmp_path / "cache")
    assert sorted((game.kind, game.goal) for game in index.games) == sorted(
        (generated.problem.goal.task_type.value, generated.problem.task) for generated in games
    )
    for generated, path in zip(games, paths, strict=True):
        goal = generated.problem.goal
        folder = f"{goal.task_type}-{goal.object_type}-None-{goal.receptacle_type or goal.lamp_type}-{generated.room}"
        assert path.parent == tmp_path / "json_2.1.1" / "valid_unseen" / folder / f"trial_G3_{generated.index:06d}"
        trajectory = json.loads((path.parent / "traj_data.json").read_text())
        assert trajectory["task_type"] == goal.task_type.value
        assert trajectory["pddl_params"]["object_target"] == goal.object_type
        assert (path.parent / "initial_state.pddl").read_text() == json.loads(path.read_text())["pddl_problem"]


def test_games_are_not_mixed_with_others(tmp_path: Path) -> None:
    (tmp_path / "json_2.1.1" / "train").mkdir(parents=True)
    with pytest.raises(TaskDataError, match="would be mixed with generated ones"):
        export_games([generate(Split.TRAIN, 0, 0, TextVersion.V2_1_1)], tmp_path)


def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "leap_kedro.environments.alfworld.tools.export", str(tmp_path / "out")]
    options = ["--split", "valid_seen", "--count", "3", "--seed", "5", "--text-version", "2.1.1"]
    ended = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    assert ended.stdout.startswith("3 games below")
    assert len(list((tmp_path / "out" / "json_2.1.1" / "valid_seen").rglob("game.tw-pddl"))) == 3
    again = subprocess.run([*command, *options], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert "Export into another folder" in again.stderr


def test_the_command_says_why_it_wrote_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["export", str(tmp_path / "file")])
    with pytest.raises(SystemExit):
        main()
    assert re.search(rf"Cannot write games below {tmp_path}/file: .*another folder", capsys.readouterr().err)
    monkeypatch.setattr(sys, "argv", ["export", str(tmp_path / "out"), "--count", "0"])
    with pytest.raises(SystemExit):
        main()
    assert "--count: at least 1" in capsys.readouterr().err
