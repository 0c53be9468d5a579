"""The figures behind generated games: derived from games, they say what is in these games."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from derive_statistics import ROOM_OF_HUNDRED, derive, official_train_games

from leap_kedro.environments.alfworld.tasks.generator import Split, generate
from leap_kedro.environments.alfworld.tasks.rooms import outline, statistics
from leap_kedro.environments.protocol import TaskDataError


def test_figures_of_generated_games_are_those_that_they_follow() -> None:
    hundreds = {room: hundred for hundred, room in ROOM_OF_HUNDRED.items()}
    plans: dict[int, int] = {}
    games = []
    for index in range(300):
        generated = generate(Split.TRAIN, index, 0, "2.1.1")
        hundred = hundreds[outline(generated.room).room_type]
        plan = plans.setdefault(generated.room, 100 * hundred + sum(p // 100 == hundred for p in plans.values()))
        if plan // 100 == hundred:
            games.append((plan, generated.problem))
    found, followed = json.loads(json.dumps(derive(games))), statistics()
    assert sum(count for *_, count in found["goals"]) == len(games)
    kitchen, expected = found["rooms"]["Kitchen"], followed["rooms"]["Kitchen"]
    assert kitchen["receptacles"]["Fridge"] == [[1, 1.0]]
    assert kitchen["receptacles"].keys() <= expected["receptacles"].keys()
    assert kitchen["objects"]["Bread"]["places"]["CounterTop"] == pytest.approx(
        expected["objects"]["Bread"]["places"]["CounterTop"], abs=0.1
    )
    assert set(found["flags"]["heatable"]) == set(followed["flags"]["heatable"])
    assert set(found["can_contain"]["Fridge"]) == set(followed["can_contain"]["Fridge"])
    assert found["openable"]["Fridge"] == {"all": 1.0, "mixed": 0.0, "none": 0.0}


def test_a_folder_without_training_games_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskDataError, match="alfworld-download"):
        official_train_games(tmp_path)


def test_a_malformed_game_is_named(
    tmp_path: Path, add_game: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    add_game("train", "pick_heat_then_place_in_recep-Apple-None-DiningTable-1", "trial_1")
    torn = add_game("train", "pick_heat_then_place_in_recep-Apple-None-DiningTable-2", "trial_1", "torn {")
    with pytest.raises(TaskDataError, match=f"{torn} is malformed"):
        official_train_games(tmp_path)
    shutil.rmtree(torn.parent)
    ((plan, problem),) = official_train_games(tmp_path)
    assert plan == 1
    assert problem.goal.object_type == "Apple"
