"""The planner's cost is the true one, by breadth-first search over small rooms."""

import random
from collections import deque

import pytest

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import (
    GameObject,
    Goal,
    ObjectState,
    Problem,
    Receptacle,
    TaskType,
    TextVersion,
)
from leap_kedro.environments.alfworld.engine.rules import Rules
from leap_kedro.environments.alfworld.engine.state import State
from leap_kedro.environments.alfworld.teaching.planner import cost_to_go, shortest_plan

STATES = (ObjectState.CLEAN, ObjectState.HOT, ObjectState.COOL)


def small_room(rng: random.Random, task_type: TaskType) -> Problem:
    """A room of a few places, some sharing a location, with a few things, some listed in two places."""
    types = ["Drawer", "Drawer", "Shelf", rng.choice(("Shelf", "Drawer"))]
    station = {TaskType.CLEAN: "SinkBasin", TaskType.HEAT: "Microwave", TaskType.COOL: "Fridge"}.get(task_type)
    types += [station] if station else []
    receptacles = tuple(
        Receptacle(
            f"{type_}_bar_{index}",
            type_,
            f"loc_bar_{rng.randrange(4)}",
            openable=type_ in ("Drawer", "Microwave", "Fridge") and rng.random() < 0.9,
            opened=False,
        )
        for index, type_ in enumerate(types)
    )
    things = ["Mug"] * rng.randint(2, 3) + ["Pen"]
    objects = [
        GameObject(
            f"{type_}_bar_{index}",
            type_,
            receptacles=tuple(one.id for one in rng.sample(receptacles, 2 if rng.random() < 0.2 else 1)),
            pickupable=True,
            cleanable=type_ == "Mug",
            heatable=type_ == "Mug",
            coolable=type_ == "Mug",
        )
        for index, type_ in enumerate(things)
    ]
    if task_type is TaskType.LOOK:
        objects.append(
            GameObject("DeskLamp_bar_9", "DeskLamp", receptacles=(rng.choice(receptacles).id,), toggleable=True)
        )
    lamp = "DeskLamp" if task_type is TaskType.LOOK else None
    place = None if lamp else rng.choice(("Drawer", "Shelf"))
    fits = {(receptacle.type, type_) for receptacle in receptacles for type_ in ("Mug", "Pen")}
    fits -= {(rng.choice(types), "Pen")}
    return Problem(
        TextVersion.V2_1_1,
        "",
        Goal(task_type, "Mug", place, lamp),
        "loc_bar_9",
        receptacles,
        tuple(objects),
        frozenset(fits),
    )


def key(state: State) -> tuple[object, ...]:
    lasting = (state.opened, state.clean, state.hot, state.cool, state.toggled)
    return (state.place, state.held, tuple(state.inside), *lasting)


def breadth_first(rules: Rules, start: State) -> int | None:
    if rules.goal_reached(start):
        return 0
    seen, queue = {key(start)}, deque([(start, 0)])
    while queue:
        state, cost = queue.popleft()
        for action in (*rules.moves(state.place), *rules.local_actions(state)):
            after = state.copy()
            rules.apply(after, action)
            if key(after) not in seen:
                if rules.goal_reached(after):
                    return cost + 1
                seen.add(key(after))
                queue.append((after, cost + 1))
    return None


@pytest.mark.parametrize("task_type", TaskType)
def test_costs_are_those_of_breadth_first_search(task_type: TaskType) -> None:
    rng = random.Random(f"planner {task_type}")
    for _ in range(12):
        game = Game(small_room(rng, task_type))
        for _ in range(rng.randrange(12)):
            if not game.won:
                game.step(rng.choice(game.admissible()))
        assert cost_to_go(game.rules, game.state) == breadth_first(game.rules, game.state)


@pytest.mark.parametrize("task_type", TaskType)
def test_a_plan_is_as_long_as_it_says_and_wins(task_type: TaskType) -> None:
    rng = random.Random(f"plan {task_type}")
    for _ in range(50):
        game = Game(small_room(rng, task_type))
        for _ in range(rng.randrange(12)):
            if not game.won:
                game.step(rng.choice(game.admissible()))
        plan = shortest_plan(game.rules, game.state)
        cost = cost_to_go(game.rules, game.state)
        if plan is None:
            assert cost is None
            continue
        assert cost == len(plan)
        for action in plan:
            assert not game.won
            assert game.step(game.command(action))[3]
        assert game.won
