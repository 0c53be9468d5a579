"""Other games that a history cannot tell from the one in play."""

from random import Random

import pytest
from kitchen import kitchen

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.state import members
from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.environments.alfworld.teaching.alternatives import alternatives
from leap_kedro.environments.alfworld.teaching.oracle import AlfworldOracle

TASKS = ALFWorld(ALFWorldOptions()).tasks("train", 24, seed=5)


def places_of(game: Game, kind: str) -> set[tuple[str, str]]:
    rules = game.rules
    return {
        (rules.object_names[thing], rules.receptacle_names[receptacle])
        for receptacle, inside in enumerate(game.state.inside)
        for thing in members(inside)
        if rules.object_names[thing].startswith(kind)
    }


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_the_history_is_the_same_and_what_was_seen_stays(task) -> None:  # type: ignore[no-untyped-def]
    rng = Random(task.id)
    environment, oracle = ALFWorldEnvironment(), AlfworldOracle()
    seen = [environment.reset(task)]
    actions: list[str] = []
    for _ in range(9):
        before = environment.game.snapshot()
        for other in oracle.alternatives(environment, actions, 2, seed=1):
            assert oracle.cost_to_go(other)
            assert oracle.state(other).facts != oracle.state(environment).facts
            assert replayed(other.game.problem, actions) == [(each.text, each.admissible) for each in seen]
        assert environment.game.state == before
        actions.append(rng.choice(seen[-1].admissible))
        result = environment.step(actions[-1])
        seen.append(result.observation)
        if result.done:
            break


def replayed(problem, actions):  # type: ignore[no-untyped-def]
    game = Game(problem)
    shown = [(game.reset(), game.admissible())]
    return shown + [(game.step(action)[0], game.admissible()) for action in actions]


def test_only_hidden_apples_move_and_only_to_places_not_seen() -> None:
    game = Game(kitchen())
    game.reset()
    game.step("go to countertop 1")  # shows one of the two apples
    assert "apple" in game.step("examine countertop 1")[0]
    others = list(alternatives(game, ["go to countertop 1", "examine countertop 1"], 20, seed=0))
    assert others
    ((shown, there),) = {pair for pair in places_of(game, "apple") if pair[1] == "countertop 1"}
    for other in others:
        places = dict(places_of(other, "apple"))
        assert places.pop(shown) == there
        (hidden,) = places.values()
        assert hidden not in ("countertop 1", "fridge 1", "microwave 1")  # seen; where it is; what heats it
        assert places_of(other, "knife") == places_of(game, "knife")


def test_nothing_is_left_open_once_all_was_seen() -> None:
    game = Game(kitchen())
    game.reset()
    actions = ["go to countertop 1", "go to fridge 1", "open fridge 1"]
    for action in actions:
        game.step(action)
    assert list(alternatives(game, actions, 5, seed=0)) == []


def test_the_seed_decides() -> None:
    game = Game(kitchen())
    game.reset()

    def drawn(seed: int) -> list[set[tuple[str, str]]]:
        return [places_of(other, "apple") for other in alternatives(game, [], 8, seed)]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
