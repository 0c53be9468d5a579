"""Official files: which count, in what order, what is said of those that are malformed, and the cached list."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kitchen import game_data, pddl
from pydantic import ValidationError

from leap_kedro.environments.alfworld.engine.problem import TextVersion
from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.tasks import game_index as index_module
from leap_kedro.environments.alfworld.tasks.games import load_game
from leap_kedro.environments.protocol import (
    Benchmark,
    EnvironmentFailure,
    EnvironmentSpec,
    TaskDataError,
    UnknownExpert,
)
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.records import Task

BAD_HELP = '"help.feedback": [ { "rhs": "C:\\q" } ]'
AddGame = Callable[..., Path]
HEAT, PLACE = "pick_heat_then_place_in_recep-Apple-None-DiningTable-1", "pick_and_place_simple-Apple-None-DiningTable-1"


def official(folder: Path, **options: str) -> Benchmark:
    return make_benchmark(
        EnvironmentSpec(
            "alfworld",
            {"source": "official", "data_root": str(folder), "cache_folder": str(folder / "cache"), **options},
        )
    )


def without(fact: str) -> str:
    return "\n".join(line for line in pddl().splitlines() if f"({fact}" not in line)


def test_lists_solvable_games_in_order(tmp_path: Path, add_game: AddGame) -> None:
    add_game("train", HEAT, "trial_2")
    add_game("train", HEAT, "trial_1")
    add_game("train", PLACE, "trial_1", json.dumps(game_data("pick_and_place_simple")))
    add_game("train", "pick_and_place_with_movable_recep-Apple-Bowl-1", "trial_1")
    add_game("train", "pick_and_place_simple-AppleSliced-None-Fridge-1", "trial_1")
    add_game("train", HEAT, "trial_3", json.dumps(game_data(solvable=False)))
    add_game("train", HEAT, "trial_4", json.dumps({**game_data(), "solvable": None}))
    add_game("train", HEAT, "trial_5", traj=False)
    tasks = official(tmp_path).tasks("train", None, seed=0)
    assert [(task.id, task.kind) for task in tasks] == [
        (f"train/{PLACE}/trial_1", "pick_and_place_simple"),
        (f"train/{HEAT}/trial_1", "pick_heat_then_place_in_recep"),
        (f"train/{HEAT}/trial_2", "pick_heat_then_place_in_recep"),
    ]
    assert tasks[0].goal == "heat some apple and put it in diningtable."
    assert tasks[0].payload == {
        "source": "official",
        "game": f"json_2.1.1/train/{PLACE}/trial_1/game.tw-pddl",
        "text_version": "2.1.1",
    }


def test_some_tasks_are_a_sample_that_grows_at_its_end(tmp_path: Path, add_game: AddGame) -> None:
    for number in range(6):
        add_game("train", HEAT, f"trial_{number}")
    benchmark = official(tmp_path)
    drawn = [benchmark.tasks("train", count, seed=3) for count in (2, 4, 6, 100)]
    assert [len(tasks) for tasks in drawn] == [2, 4, 6, 6]
    assert drawn[0] == drawn[3][:2]
    assert drawn[1] == drawn[3][:4]
    assert drawn[3] != benchmark.tasks("train", None, seed=3) == sorted(drawn[3], key=lambda task: task.id)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"pddl_domain": "(define', "not JSON"),
        ("[]", "contains a list"),
        ('{"solvable": true}', "no text under 'pddl_problem'"),
        (json.dumps({**game_data(), "pddl_problem": "(define)"}), "no \\(:init"),
        (json.dumps({**game_data(), "pddl_problem": "(:init) (:goal (and))"}), "none of the six task types"),
        (
            json.dumps({**game_data(), "pddl_problem": without("receptacleType Fridge")}),
            "is in Fridge.*, which has",
        ),
        (json.dumps({**game_data(), "pddl_problem": without("atLocation agent1")}), "facts .* are incomplete"),
        (json.dumps({**game_data(), "grammar": game_data()["grammar"] + BAD_HELP}), "help.* cannot be read"),
        ("[" * 100_000, "not JSON"),
        (json.dumps({**game_data(), "grammar": "put {o} in/on {r}"}), "no line 'Your task is to"),
        (json.dumps({**game_data(), "grammar": '"Your task is to: put a mug."'}), "no known text version"),
    ],
)
def test_malformed_file_is_refused_or_skipped_and_counted(
    tmp_path: Path, add_game: AddGame, content: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_game("train", HEAT, "trial_1")
    broken = add_game("train", HEAT, "trial_2", content)
    with pytest.raises(TaskDataError, match=why) as caught:
        official(tmp_path).tasks("train", None, seed=0)
    assert str(broken) in str(caught.value)
    assert "alfworld-download" in str(caught.value)
    benchmark = official(tmp_path, on_malformed="skip")
    assert [task.id for task in benchmark.tasks("train", None, seed=0)] == [f"train/{HEAT}/trial_1"]
    ((path, _),) = benchmark.official_games("train").malformed
    assert path == broken
    assert str(broken) in caplog.text


def test_missing_data_is_explained(tmp_path: Path, add_game: AddGame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    unset = make_benchmark(EnvironmentSpec("alfworld", {"source": "official"}))
    with pytest.raises(TaskDataError, match=r"ALFWORLD_DATA is not set.*alfworld-download"):
        unset.tasks("train", None, seed=0)
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(TaskDataError, match=r"nowhere/json_2.1.1/train does not exist.*alfworld-download"):
        unset.tasks("train", None, seed=0)
    (tmp_path / "json_2.1.1" / "train").mkdir(parents=True)
    with pytest.raises(TaskDataError, match=r"no solvable game.*alfworld-download"):
        official(tmp_path).tasks("train", None, seed=0)
    with pytest.raises(TaskDataError, match=r"split .*'test'.*: train, valid_seen, valid_unseen"):
        official(tmp_path).tasks("test", None, seed=0)
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    add_game("train", HEAT, "trial_1")
    assert len(unset.tasks("train", None, seed=0)) == 1
    assert list((tmp_path / "cache" / "leap_kedro").iterdir())


def test_second_start_reads_no_game_until_a_file_changes(
    tmp_path: Path, add_game: AddGame, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add_game("train", HEAT, "trial_1")
    listed = official(tmp_path).tasks("train", None, seed=0)
    read = []
    original = index_module.summarize
    monkeypatch.setattr(index_module, "summarize", lambda *names: read.append(names) or original(*names))
    assert official(tmp_path).tasks("train", None, seed=0) == listed
    assert read == []
    first.write_text(json.dumps(game_data(text_version=TextVersion.V2_1_2)))
    (game,) = official(tmp_path).official_games("train").games
    assert game.text_version is TextVersion.V2_1_2
    add_game("train", HEAT, "trial_2")
    assert len(official(tmp_path).tasks("train", None, seed=0)) == 2
    shutil.rmtree(first.parent)
    assert [task.id for task in official(tmp_path).tasks("train", None, seed=0)] == [f"train/{HEAT}/trial_2"]


def test_damaged_or_unwritable_cache_is_no_error(tmp_path: Path, add_game: AddGame) -> None:
    add_game("train", HEAT, "trial_1")
    listed = official(tmp_path).tasks("train", None, seed=0)
    (cache,) = (tmp_path / "cache").iterdir()
    cache.write_text('{"games": [')
    assert official(tmp_path).tasks("train", None, seed=0) == listed
    assert json.loads(cache.read_text())["games"]
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert official(tmp_path).tasks("train", None, seed=0) == listed


def test_a_file_that_could_not_be_read_for_once_is_tried_again(
    tmp_path: Path, add_game: AddGame, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_game("train", HEAT, "trial_1")
    second = add_game("train", HEAT, "trial_2")
    original = Path.read_bytes

    def fails(path: Path) -> bytes:
        if path == second:
            raise OSError(5, "Input/output error")
        return original(path)

    benchmark = official(tmp_path, on_malformed="skip")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", fails)
        assert len(benchmark.tasks("train", None, seed=0)) == 1
    assert len(benchmark.tasks("train", None, seed=0)) == 2


def test_the_cache_folder_may_be_in_the_home_folder(
    tmp_path: Path, add_game: AddGame, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_game("train", HEAT, "trial_1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    official(tmp_path, cache_folder="~/cache").tasks("train", None, seed=0)
    assert list((tmp_path / "home" / "cache").iterdir())
    assert not (tmp_path / "~").exists()


def test_environment_plays_a_listed_task(tmp_path: Path, add_game: AddGame) -> None:
    add_game("valid_seen", HEAT, "trial_1")
    benchmark = official(tmp_path)
    (task,) = benchmark.tasks("valid_seen", None, seed=0)
    environment = benchmark.environment()
    start = environment.reset(task)
    assert start.text.endswith("Your task is to: heat some apple and put it in diningtable.")
    assert start.admissible is not None
    assert start.admissible[0] == "go to cabinet 1"
    result = environment.step("go to fridge 1")
    assert (result.observation.text, result.score, result.done, result.accepted) == (
        "You arrive at loc 3. The fridge 1 is closed.",
        0,
        False,
        True,
    )
    assert environment.step("fly").observation.admissible == result.observation.admissible
    assert environment.reset(task) == start


def test_environment_failures_name_the_cause(tmp_path: Path, add_game: AddGame) -> None:
    path = add_game("train", HEAT, "trial_1")
    benchmark = official(tmp_path)
    (task,) = benchmark.tasks("train", None, seed=0)
    environment = benchmark.environment()
    with pytest.raises(EnvironmentFailure, match="reset"):
        environment.step("look")
    path.write_text("torn {")
    with pytest.raises(EnvironmentFailure, match="malformed: it is not JSON") as caught:
        environment.reset(task)
    assert str(path) in str(caught.value)
    path.unlink()
    with pytest.raises(EnvironmentFailure, match="does not exist"):
        environment.reset(task)
    with pytest.raises(EnvironmentFailure, match="describes no ALFWorld game"):
        ALFWorldEnvironment().reset(Task("x", "alfworld", "train", "", "", {"source": "dream"}))


@pytest.mark.parametrize(
    ("addition", "answer"),
    [
        ('"help.feedback": [ { "rhs": "\\nSay \\"look\\".\\n  Or not.\\n" } ]', 'Say "look".\n  Or not.\n'),
        (
            'action help {\n    template :: "help";\n    feedback :: "\nSay look.\n  Or not.\n";\n}\n',
            "Say look.\n  Or not.\n",
        ),
        ("", None),
    ],
)
def test_help_is_that_of_the_file(tmp_path: Path, add_game: AddGame, addition: str, answer: str | None) -> None:
    data = game_data(text_version=TextVersion.V2_1_2)
    path = add_game("train", HEAT, "trial_1", json.dumps({**data, "grammar": f"{data['grammar']}\n{addition}"}))
    assert load_game(path).help_text == answer


def test_generated_tasks_play_in_the_asked_text_version() -> None:
    benchmark = make_benchmark(EnvironmentSpec("alfworld", {"text_version": "2.1.2"}))
    first, second = benchmark.tasks("train", 2, seed=5)
    assert first == benchmark.tasks("train", 1, seed=5)[0] != second
    environment = benchmark.environment()
    start = environment.reset(first)
    assert start.text.endswith(f"Your task is to: {first.goal}")
    assert start.admissible is not None
    assert "help" in start.admissible
    with pytest.raises(TaskDataError, match="'test'"):
        benchmark.tasks("test", 1, seed=0)
    with pytest.raises(TaskDataError, match="--params"):
        benchmark.tasks("train", None, seed=0)


def test_options_are_checked() -> None:
    with pytest.raises(ValidationError, match="soruce"):
        make_benchmark(EnvironmentSpec("alfworld", {"soruce": "official"}))
    with pytest.raises(UnknownExpert, match=r"expert .*'planer'"):
        make_benchmark(EnvironmentSpec("alfworld", {})).expert("planer")


@pytest.mark.official
def test_official_valid_seen_has_140_games(official_games: Path, tmp_path: Path) -> None:
    benchmark = make_benchmark(
        EnvironmentSpec(
            "alfworld", {"source": "official", "data_root": str(official_games), "cache_folder": str(tmp_path)}
        )
    )
    tasks = benchmark.tasks("valid_seen", None, seed=0)
    kinds = [task.kind for task in tasks]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "look_at_obj_in_light": 13,
        "pick_and_place_simple": 35,
        "pick_clean_then_place_in_recep": 27,
        "pick_cool_then_place_in_recep": 25,
        "pick_heat_then_place_in_recep": 16,
        "pick_two_obj_and_place": 24,
    }
    environment = benchmark.environment()
    for task in tasks:
        assert environment.reset(task).text.endswith(task.goal)
