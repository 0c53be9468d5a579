"""Unlimited ALFWorld games from a seed.

A game is determined by its split, its index in the split, a seed and the text version. It takes place in one of the
split's generated rooms: `TRAIN` and `VALID_SEEN` share their rooms, `VALID_UNSEEN` and `BASE` have their own, like the
floor plans of the official data. Goals have the proportions of the official training games; numbers and places of
objects follow `statistics.json`. Every game can be won: the goal's objects are in accessible receptacles of the room,
their destination accepts them, there is a receptacle for cleaning, heating or cooling if necessary, and the goal is not
reached at the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from leap_kedro.environments.alfworld.engine.problem import (
    GameObject,
    Goal,
    ObjectState,
    Problem,
    TaskType,
    TextVersion,
)
from leap_kedro.environments.alfworld.tasks.draw import Draw
from leap_kedro.environments.alfworld.tasks.places import TOOLS, available, for_targets
from leap_kedro.environments.alfworld.tasks.rooms import (
    ROOM_TYPES,
    Names,
    Outline,
    Room,
    Spots,
    new_object,
    outline,
    room,
    statistics,
)
from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.records import Task

GENERATOR_VERSION = 1
"""Increased whenever a seed gives a different game than before."""

AGENT = "agent1"
"""Raw id of the agent, as in the official games."""


class Split(StrEnum):
    """Splits of generated games; no two have a game in common."""

    TRAIN = "train"
    VALID_SEEN = "valid_seen"
    """Other games in the rooms of `TRAIN`."""
    VALID_UNSEEN = "valid_unseen"
    """Games in rooms of their own."""
    BASE = "base"
    """Games for the base model's transcripts, in rooms of their own."""


_ROOM_NUMBERS = {
    Split.TRAIN: range(8000),
    Split.VALID_SEEN: range(8000),
    Split.VALID_UNSEEN: range(8000, 10000),
    Split.BASE: range(10000, 18000),
}

_WORDINGS = {
    TaskType.PLACE: ("put a {o} in {r}.", "put some {o} on {r}."),
    TaskType.CLEAN: ("put a clean {o} in {r}.", "clean some {o} and put it in {r}."),
    TaskType.HEAT: ("put a hot {o} in {r}.", "heat some {o} and put it in {r}."),
    TaskType.COOL: ("put a cool {o} in {r}.", "cool some {o} and put it in {r}."),
    TaskType.TWO: ("put two {o} in {r}.", "find two {o} and put them in {r}."),
    TaskType.LOOK: ("look at {o} under the {r}.", "examine the {o} with the {r}."),
}


@dataclass(frozen=True, slots=True)
class GeneratedGame:
    """A game with the fields of its task.

    Attributes:
        problem: The game.
        split: Its split.
        index: Its index in the split, from 0.
        seed: The seed of its split.
        room: Number of its room.
    """

    problem: Problem
    split: Split
    index: int
    seed: int
    room: int

    @property
    def task(self) -> Task:
        """The task of the game, whose payload determines the game."""
        return Task(
            id=f"generated/{self.split}/s{self.seed}/{self.index:06d}",
            environment="alfworld",
            split=self.split.value,
            goal=self.problem.task,
            kind=self.problem.goal.task_type.value,
            payload={
                "source": "generated",
                "split": self.split.value,
                "index": self.index,
                "seed": self.seed,
                "text_version": self.problem.text_version.value,
                "version": GENERATOR_VERSION,
            },
        )


def generate(split: Split | str, index: int, seed: int, text_version: TextVersion | str) -> GeneratedGame:
    """The game at an index of a split. Raises `ValueError` if there is no such split or text version."""
    split = Split(split)
    draw = Draw("alfworld game", GENERATOR_VERSION, split.value, seed, index)
    goal, number = _goal_and_room(_ROOM_NUMBERS[split], draw)
    plan = room(number)
    names = Names(draw, _ids(plan))
    objects = [*plan.fixtures, *_objects(plan, goal, draw, names)]
    wording = draw.choice(_WORDINGS[goal.task_type])
    place = goal.receptacle_type or goal.lamp_type or ""
    problem = Problem(
        text_version=TextVersion(text_version),
        task=wording.format(o=goal.object_type.lower(), r=place.lower()),
        goal=goal,
        agent_location=names.location(),
        receptacles=plan.receptacles,
        objects=tuple(objects),
        can_contain=plan.can_contain,
        other_ids=(AGENT,),
    )
    return GeneratedGame(problem, split, index, seed, number)


def generated_tasks(split: Split | str, count: int, seed: int, text_version: TextVersion | str) -> list[Task]:
    """The first `count` tasks of a split."""
    return [generate(split, index, seed, text_version).task for index in range(count)]


def problem_for(payload: Mapping[str, str | int | float | bool]) -> Problem:
    """The game of a generated task's payload.

    Raises:
        TaskDataError: If the payload is of another generator version or describes no generated game.
    """
    if payload.get("version") != GENERATOR_VERSION:
        raise TaskDataError(
            f"The task was generated by version {payload.get('version')!r} of the ALFWorld generator, and this is "
            f"version {GENERATOR_VERSION}, whose games differ. Generate new tasks (another experiment name or --fresh)."
        )
    try:
        split, index, seed = str(payload["split"]), int(payload["index"]), int(payload["seed"])
        return generate(split, index, seed, str(payload["text_version"])).problem
    except (KeyError, ValueError) as error:
        raise TaskDataError(f"No generated ALFWorld game has the payload {dict(payload)!r}: {error!r}") from error


@cache
def _goal_rows() -> list[tuple[tuple[TaskType, str, str, str], int]]:
    return [((TaskType(task), *names), count) for task, *names, count in statistics()["goals"]]


def _goal_and_room(numbers: range, draw: Draw) -> tuple[Goal, int]:
    """A goal in official proportions, and a room of the split where it is possible."""
    task_type, room_type, object_type, place_type = draw.weighted(_goal_rows())
    if task_type is TaskType.LOOK:
        goal = Goal(task_type, object_type, lamp_type=place_type)
    else:
        goal = Goal(task_type, object_type, receptacle_type=place_type)
    rooms_of_type = numbers[ROOM_TYPES.index(room_type) :: len(ROOM_TYPES)]
    while True:
        number = draw.choice(rooms_of_type)
        if _can_be_set(goal, outline(number)) and (goal.lamp_type is None or _has_lamp(goal.lamp_type, room(number))):
            return goal, number


def _can_be_set(goal: Goal, plan: Outline) -> bool:
    needed = {goal.receptacle_type, TOOLS.get(goal.task_type)} - {None}
    if goal.object_type not in plan.object_types or not needed <= plan.receptacles.keys():
        return False
    return bool(_target_places(goal, plan))


def _has_lamp(lamp_type: str, plan: Room) -> bool:
    return any(thing.type == lamp_type and thing.receptacles for thing in plan.fixtures)


def _target_places(goal: Goal, plan: Outline) -> dict[str, float]:
    places = statistics()["rooms"][plan.room_type]["objects"][goal.object_type]["places"]
    factors = statistics()["target_factors"][goal.task_type]
    possible = available(for_targets(places, goal), plan.receptacles)
    return {kind: weight * factors.get(kind, 1.0) for kind, weight in possible.items()}


def _objects(plan: Room, goal: Goal, draw: Draw, names: Names) -> list[GameObject]:
    rows = statistics()["rooms"][plan.outline.room_type]["objects"]
    spots = Spots(plan.receptacles)
    objects = []
    for type_ in plan.outline.object_types:
        places = rows[type_]["places"]
        if type_ == goal.object_type:
            limit = max(number for number, _ in rows[type_]["counts"])
            counts = statistics()["target_counts"][goal.task_type]
            number = draw.weighted([(number, share) for number, share in counts if number <= limit])
            places = _target_places(goal, plan.outline)
        else:
            number = draw.weighted(rows[type_]["counts"])
        objects += [new_object(type_, spots.draw(places, draw, names), names) for _ in range(number)]
    return [_cooled(thing, goal, plan) for thing in _some_inside_others(objects, goal, draw)]


def _some_inside_others(objects: list[GameObject], goal: Goal, draw: Draw) -> list[GameObject]:
    """Put some objects into others (a spoon into a mug), whose place they share."""
    inside = statistics()["inside"]
    moved: dict[str, GameObject] = {}
    for outer in objects:
        for inner_type, chance in inside.get(outer.type, {}).items():
            if outer.receptacles and outer.id not in moved and inner_type != goal.object_type and draw.chance(chance):
                inner = [thing for thing in objects if thing.type == inner_type and thing.id not in {outer.id, *moved}]
                if inner:
                    chosen = draw.choice(inner)
                    moved[chosen.id] = replace(
                        chosen, receptacles=outer.receptacles, locations=outer.locations, contained_in=(outer.id,)
                    )
    return [moved.get(thing.id, thing) for thing in objects]


def _cooled(thing: GameObject, goal: Goal, plan: Room) -> GameObject:
    """In official games only the goal's objects are cold, if they are initially in the fridge."""
    if thing.type != goal.object_type or goal.task_type is TaskType.COOL:
        return thing
    fridges = {receptacle.id for receptacle in plan.receptacles if receptacle.type == "Fridge"}
    return replace(thing, states=frozenset({ObjectState.COOL})) if fridges & set(thing.receptacles) else thing


def _ids(plan: Room) -> frozenset[str]:
    named = {id_ for r in plan.receptacles for id_ in (r.id, r.location)}
    return frozenset(named.union(*((thing.id, *thing.locations) for thing in plan.fixtures)))
