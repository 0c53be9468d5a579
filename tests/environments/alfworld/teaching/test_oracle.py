"""The privileged side tells the truth and leaves the game as it was."""

from random import Random

import pytest

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.environments.alfworld.teaching.oracle import AlfworldOracle

TASKS = ALFWorld(ALFWorldOptions()).tasks("train", 30, seed=5)


@pytest.mark.parametrize("task", TASKS[:12], ids=lambda task: task.kind)
def test_lookahead_is_the_cost_after_each_action(task) -> None:  # type: ignore[no-untyped-def]
    rng = Random(task.id)
    environment, oracle = ALFWorldEnvironment(), AlfworldOracle()
    seen = environment.reset(task)
    for _ in range(8):
        actions = [*seen.admissible, "go to the moon"]
        costs = oracle.lookahead(environment, actions)
        assert costs[-1] is None
        for action, cost in zip(actions[:-1], costs, strict=False):
            before = environment.game.snapshot()
            environment.step(action)
            assert oracle.cost_to_go(environment) == cost
            environment.game.restore(before)
        result = environment.step(rng.choice(seen.admissible))
        seen = result.observation
        if result.done:
            break


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_the_plan_wins_and_the_facts_hold(task) -> None:  # type: ignore[no-untyped-def]
    environment, oracle = ALFWorldEnvironment(), AlfworldOracle()
    environment.reset(task)
    state = oracle.state(environment)
    assert state.task == task.goal
    assert len(state.plan) == oracle.cost_to_go(environment)
    for name in state.essentials:
        assert any(name in action for action in state.plan)
    thing, place = next(action[len("take ") :].split(" from ") for action in state.plan if action.startswith("take "))
    assert f"{thing} is in {place}." in state.facts
    closed = {fact.removesuffix(" is closed.") for fact in state.facts if fact.endswith(" is closed.")}
    for action in state.plan:
        if action.startswith("open "):
            assert action.removeprefix("open ") in closed
        result = environment.step(action)
        assert result.accepted
    assert result.done
    assert oracle.cost_to_go(environment) == 0


def test_facts_follow_the_state() -> None:
    task = next(task for task in TASKS if "clean" in task.kind)
    environment, oracle = ALFWorldEnvironment(), AlfworldOracle()
    environment.reset(task)
    plan = oracle.state(environment).plan
    for action in plan[:-1]:
        environment.step(action)
    facts = oracle.state(environment).facts
    thing = next(action for action in plan if action.startswith("take ")).removeprefix("take ").split(" from ")[0]
    assert f"I have {thing}." in facts
    assert f"{thing} is clean." in facts


def test_an_environment_without_a_game_is_refused() -> None:
    with pytest.raises(TypeError, match="native engine"):
        AlfworldOracle().cost_to_go(ALFWorldEnvironment())
