"""Kinds of place of objects in the statistics of official games and in generated games.

"Desk": in or on a desk. "StoveBurner+StoveBurner": listed by two of them, like large objects. "@Desk": beside a desk,
in no receptacle. "": anywhere else.
"""

from collections import Counter
from functools import cache

from leap_kedro.environments.alfworld.engine.problem import GameObject, Goal, Receptacle, TaskType

TOOLS = {TaskType.CLEAN: "SinkBasin", TaskType.HEAT: "Microwave", TaskType.COOL: "Fridge"}
"""Type of the receptacle that cleans, heats or cools, by task type."""


def kind_of_place(thing: GameObject, receptacles: dict[str, Receptacle]) -> str:
    """The kind of place of an object, given the receptacles by id."""
    if thing.receptacles:
        return "+".join(sorted(receptacles[id_].type for id_ in thing.receptacles))
    beside = sorted(receptacle.type for receptacle in receptacles.values() if receptacle.location in thing.locations)
    return f"@{beside[0]}" if beside else ""


@cache
def receptacle_types(kind: str) -> tuple[str, ...]:
    """Types of the receptacles of a kind of place."""
    return tuple(type_ for type_ in kind.removeprefix("@").split("+") if type_)


def available(places: dict[str, float], furniture: Counter[str]) -> dict[str, float]:
    """The kinds of place, with their weights, that exist in a room with the given furniture."""
    return {kind: weight for kind, weight in places.items() if _fits(kind, furniture)}


def for_targets(places: dict[str, float], goal: Goal) -> dict[str, float]:
    """The kinds of place where the goal's objects may be initially.

    These are receptacles other than the destination and the one that cleans, heats or cools them.
    """
    barred = TOOLS.get(goal.task_type, goal.receptacle_type)
    return {
        kind: weight
        for kind, weight in places.items()
        if kind and not kind.startswith("@") and barred not in receptacle_types(kind)
    }


def _fits(kind: str, furniture: Counter[str]) -> bool:
    needed = receptacle_types(kind)
    return all(furniture[type_] >= needed.count(type_) for type_ in needed)
