"""Games are made once, are the same again, and are won by the plan from any state."""

import pickle

import pytest

pytest.importorskip("textworld", reason="needs TextWorld: pip install -e examples/textworld_games")

from textworld_games.games import TextWorldGames, made_game

from leap_kedro.environments.check import check_environment
from leap_kedro.environments.completed import Completed
from leap_kedro.environments.core import Capability, capabilities


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> TextWorldGames:
    return TextWorldGames(folder=tmp_path_factory.mktemp("games"))


def test_a_game_as_the_student_sees_it(games: TextWorldGames) -> None:
    (task,) = games.tasks("train", 1, 0)
    seen = games.environment().reset(task)
    assert seen.text.startswith("The dinner is almost ready! It's only missing a grilled lettuce.\n-= Bedroom =-\n")
    assert seen.text.endswith("There is a closed wooden door leading east.")
    assert seen.admissible is not None
    assert {"open antique trunk", "open chest drawer"} < set(seen.admissible)


def test_facts_are_where_things_are(games: TextWorldGames) -> None:
    (task,) = games.tasks("train", 1, 0)
    facts = games.privileged(task)
    assert {"old key is in chest drawer", "old key opens wooden door", "lettuce is in refrigerator"} < set(facts)
    assert "kitchen is east of bedroom" in facts


def test_the_plan_is_that_of_the_present_state(games: TextWorldGames) -> None:
    environment = games.environment()
    environment.reset(games.tasks("train", 1, 0)[0])
    for action in ("open chest drawer", "take old key from chest drawer", "insert old key into chest drawer"):
        assert environment.step(action).accepted
    plan = games.plan(environment)
    assert plan is not None
    assert plan[0] == "take old key from chest drawer"
    results = [environment.step(action) for action in plan]
    assert [(each.score, each.done) for each in results] == [(0.0, False)] * (len(plan) - 1) + [(1.0, True)]
    assert games.plan(environment) == ()


def test_a_lost_game_has_no_plan(games: TextWorldGames) -> None:
    environment = games.environment()
    environment.reset(games.tasks("train", 1, 0)[0])
    plan = list(games.plan(environment) or ())
    for action in plan[:-1]:
        environment.step(action)
    lost = environment.step("eat lettuce")
    assert (lost.score, lost.done, games.plan(environment)) == (0.0, True, None)


def test_other_commands_change_nothing(games: TextWorldGames) -> None:
    environment = games.environment()
    environment.reset(games.tasks("train", 1, 0)[0])
    before = games.plan(environment)
    refused = environment.step("fly to the moon")
    assert (refused.accepted, refused.done, games.plan(environment)) == (False, False, before)


def test_a_game_is_made_once(games: TextWorldGames) -> None:
    (task,) = games.tasks("train", 1, 0)
    made = made_game(games.options, task).stat().st_mtime_ns
    assert made_game(pickle.loads(pickle.dumps(games)).options, task).stat().st_mtime_ns == made  # noqa: S301


def test_splits_and_seeds_have_no_game_in_common(games: TextWorldGames) -> None:
    ids = [{task.id for task in games.tasks(split, 50, seed)} for split in ("train", "test") for seed in (0, 1)]
    assert len(set.union(*ids)) == 200


def test_it_keeps_the_protocol(games: TextWorldGames) -> None:
    benchmark = Completed(games, games.name)
    assert capabilities(benchmark) == {Capability.PLAN}
    assert check_environment(benchmark, "train", 2, 0) == []
