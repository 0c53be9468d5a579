"""Derives `statistics.json`, the figures that generated games follow, from the official training games.

    python tests/environments/alfworld/tools/derive_statistics.py FOLDER > statistics.json

FOLDER holds ``json_2.1.1/train``. Only counts and shares go into the file, no game does. What belongs to a floor plan
(furniture, fixtures, which types of objects occur) is counted once a floor plan; what changes from game to game
(how many of a type, where they lie) once a game. Floor plans of the validation splits are not looked at.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from leap_kedro.environments.alfworld.engine.problem import Problem, TaskType
from leap_kedro.environments.alfworld.tasks.game_index import game_index
from leap_kedro.environments.alfworld.tasks.games import DATA_FOLDER, GAME_FILE, load_game
from leap_kedro.environments.alfworld.tasks.places import available, for_targets, kind_of_place
from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.sources import OnMalformed

ROOM_OF_HUNDRED = {0: "Kitchen", 2: "LivingRoom", 3: "Bedroom", 4: "Bathroom"}
"""Room type by the hundreds of the floor plan's number, as AI2-THOR numbers them."""

FLAGS = ("pickupable", "cleanable", "heatable", "coolable", "toggleable", "sliceable", "is_receptacle")
"""Properties of a `GameObject` that its type decides."""

_MIXED_FIXTURES = frozenset({"Footstool"})
"""Types that are pickupable in some floor plans only: taken as fixed."""

_RARE_INSIDE = 0.0005
"""Pairs of container and content that are rarer than this are left out."""

_PSEUDO_COUNT = 2
"""Keeps the factors of kinds of place with few objects near 1."""

Game = tuple[int, Problem]


def derive(games: Sequence[Game]) -> dict[str, Any]:
    """The figures of `statistics.json` from pairs of floor plan number and game."""
    rooms = {}
    for hundred, room in ROOM_OF_HUNDRED.items():
        rooms[room] = _room([game for game in games if game[0] // 100 == hundred])
    flags: dict[str, set[str]] = {flag: set() for flag in FLAGS}
    can_contain: dict[str, set[str]] = defaultdict(set)
    for _, problem in games:
        for outer, inner in problem.can_contain:
            can_contain[outer].add(inner)
        for thing in problem.objects:
            for flag in FLAGS:
                if thing.type and getattr(thing, flag) and not (flag == "pickupable" and thing.type in _MIXED_FIXTURES):
                    flags[flag].add(thing.type)
    return {
        "rooms": rooms,
        "openable": _openable(games),
        "can_contain": {outer: sorted(inner) for outer, inner in sorted(can_contain.items())},
        "flags": {flag: sorted(types) for flag, types in flags.items()},
        "inside": _inside(games),
        "goals": _goals(games),
        "target_counts": _target_counts(games),
        "target_factors": _target_factors(games, rooms),
    }


def _shares(values: Iterable[Any]) -> list[list[Any]]:
    counts = Counter(values)
    total = counts.total()
    return [[value, round(count / total, 4)] for value, count in sorted(counts.items())]


def _room(games: Sequence[Game]) -> dict[str, Any]:
    plans = dict(reversed(games))  # the first game of each floor plan
    furniture = {plan: Counter(r.type for r in problem.receptacles) for plan, problem in plans.items()}
    receptacle_types = sorted(set().union(*furniture.values()))
    fixtures, objects = {}, {}
    types = sorted({thing.type for _, problem in games for thing in problem.objects if thing.type})
    pickupable = {t.type for _, problem in games for t in problem.objects if t.pickupable} - _MIXED_FIXTURES
    for type_ in types:
        counts: dict[int, list[int]] = defaultdict(list)
        for plan, problem in games:
            counts[plan].append(sum(thing.type == type_ for thing in problem.objects))
        places = _places(games, type_, furniture)
        if type_ in pickupable:
            present = [plan for plan, numbers in counts.items() if any(numbers)]
            objects[type_] = {
                "plans": round(len(present) / len(plans), 4),
                "counts": _shares(number for plan in present for number in counts[plan]),
                "places": places,
            }
        else:
            fixtures[type_] = {"counts": _shares(numbers[0] for numbers in counts.values()), "places": places}
    return {
        "furniture": [extreme(number.total() for number in furniture.values()) for extreme in (min, max)],
        "receptacles": {t: _shares(furniture[plan][t] for plan in plans) for t in receptacle_types},
        "beside": _beside(list(plans.values())),
        "fixtures": fixtures,
        "objects": objects,
    }


def _places(games: Sequence[Game], type_: str, furniture: dict[int, Counter[str]]) -> dict[str, float]:
    """Weight of each kind of place: its share among the objects of the type, in the games whose furniture has it."""
    found: Counter[str] = Counter()
    numbers: Counter[int] = Counter()
    for plan, problem in games:
        by_id = {r.id: r for r in problem.receptacles}
        for thing in problem.objects:
            if thing.type == type_:
                found[kind_of_place(thing, by_id)] += 1
                numbers[plan] += 1
    weights = {}
    for kind, count in sorted(found.items()):
        possible = sum(number for plan, number in numbers.items() if available({kind: 1.0}, furniture[plan]))
        weights[kind] = round(count / possible, 4)
    return {kind: weight for kind, weight in weights.items() if weight > 0}


def _beside(problems: Sequence[Problem]) -> dict[str, dict[str, float]]:
    """Chance that a receptacle stands where an earlier one of its type, or one of another type, does."""
    total: Counter[str] = Counter()
    joined: dict[str, Counter[str]] = defaultdict(Counter)
    for problem in problems:
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        for receptacle in problem.receptacles:
            groups[receptacle.location][receptacle.type] += 1
            total[receptacle.type] += 1
        for group in groups.values():
            for type_, number in group.items():
                joined[type_][type_] += number - 1
                for other in group:
                    joined[type_][other] += other != type_
    return {
        type_: {other: round(count / total[type_], 4) for other, count in sorted(others.items()) if count}
        for type_, others in sorted(joined.items())
        if others.total()
    }


def _openable(games: Sequence[Game]) -> dict[str, dict[str, float]]:
    """By type: share of floor plans where all are openable, where none is, and the share of openable ones elsewhere."""
    shares: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for problem in dict(games).values():
        numbers = Counter(r.type for r in problem.receptacles)
        openable = Counter(r.type for r in problem.receptacles if r.openable)
        for type_, number in numbers.items():
            shares[type_].append((openable[type_], number))
    figures = {}
    for type_, rows in sorted(shares.items()):
        if not any(opened for opened, _ in rows):
            continue
        mixed = [(opened, number) for opened, number in rows if 0 < opened < number]
        figures[type_] = {
            "all": round(sum(opened == number for opened, number in rows) / len(rows), 4),
            "none": round(sum(opened == 0 for opened, _ in rows) / len(rows), 4),
            "mixed": round(sum(o for o, _ in mixed) / max(1, sum(n for _, n in mixed)), 4),
        }
    return figures


def _inside(games: Sequence[Game]) -> dict[str, dict[str, float]]:
    """By type of container object: for each type of object, how many of them lie in one such container on average."""
    containers: Counter[str] = Counter()
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    for _, problem in games:
        types = {thing.id: thing.type for thing in problem.objects}
        containers.update(thing.type for thing in problem.objects if thing.is_receptacle)
        for thing in problem.objects:
            for outer in thing.contained_in:
                if outer != thing.id and thing.pickupable:
                    inside[types[outer]][thing.type] += 1
    return {
        outer: {
            inner: round(count / containers[outer], 4)
            for inner, count in sorted(inner_counts.items())
            if count / containers[outer] >= _RARE_INSIDE
        }
        for outer, inner_counts in sorted(inside.items())
    }


def _goals(games: Sequence[Game]) -> list[list[Any]]:
    """Rows: task type, room type, object type, receptacle type (or lamp type), number of games."""
    counts = Counter(
        (
            problem.goal.task_type.value,
            ROOM_OF_HUNDRED[plan // 100],
            problem.goal.object_type,
            problem.goal.receptacle_type or problem.goal.lamp_type,
        )
        for plan, problem in games
    )
    return [[*goal, count] for goal, count in sorted(counts.items())]


def _target_counts(games: Sequence[Game]) -> dict[str, list[list[Any]]]:
    """How many objects of the goal's type are in some receptacle, by task type."""
    numbers: dict[TaskType, list[int]] = defaultdict(list)
    for _, problem in games:
        targets = [t for t in problem.objects if t.type == problem.goal.object_type and t.receptacles]
        numbers[problem.goal.task_type].append(len(targets))
    return {task_type.value: _shares(values) for task_type, values in sorted(numbers.items())}


def _target_factors(games: Sequence[Game], rooms: dict[str, Any]) -> dict[str, dict[str, float]]:
    """By task type: how many times as often as others of their type the goal's objects are in a kind of place."""
    found: dict[TaskType, Counter[str]] = defaultdict(Counter)
    expected: dict[TaskType, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for plan, problem in games:
        goal, by_id = problem.goal, {r.id: r for r in problem.receptacles}
        places = rooms[ROOM_OF_HUNDRED[plan // 100]]["objects"][goal.object_type]["places"]
        possible = available(for_targets(places, goal), Counter(r.type for r in problem.receptacles))
        for thing in problem.objects:
            if thing.type == goal.object_type and kind_of_place(thing, by_id) in possible:
                found[goal.task_type][kind_of_place(thing, by_id)] += 1
                for kind, weight in possible.items():
                    expected[goal.task_type][kind] += weight / sum(possible.values())
    return {
        task_type.value: {
            kind: round((found[task_type][kind] + _PSEUDO_COUNT) / (number + _PSEUDO_COUNT), 3)
            for kind, number in sorted(expected[task_type].items())
        }
        for task_type in sorted(found)
    }


def official_train_games(folder: Path) -> list[Game]:
    """Pairs of floor plan number and game, in the order of the paths.

    Raises:
        TaskDataError: If `folder` has no ``json_2.1.1/train`` with games in it, or one is malformed.
    """
    split = "train"
    return [
        (int(game.task.rsplit("-", 1)[1]), load_game(folder / DATA_FOLDER / split / game.task / game.trial / GAME_FILE))
        for game in game_index(folder, split, OnMalformed.REFUSE).games
    ]


def main() -> None:
    """Write the figures of the training games under a folder to standard output."""
    parser = argparse.ArgumentParser(description="Derive statistics.json from the official training games.")
    parser.add_argument("folder", type=Path, help="folder that holds json_2.1.1/")
    try:
        games = official_train_games(parser.parse_args().folder)
    except TaskDataError as error:
        parser.exit(1, f"{error}\n")
    sys.stdout.write(json.dumps(derive(games), separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
