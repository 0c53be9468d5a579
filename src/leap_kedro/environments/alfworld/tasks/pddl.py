"""Reads a game from the PDDL problem of an official game file."""

import re
from dataclasses import replace

from leap_kedro.environments.alfworld.engine.problem import (
    GameObject,
    Goal,
    ObjectState,
    Problem,
    Receptacle,
    TaskType,
    TextVersion,
)

_FACT = re.compile(r"\(\s*([^\s()]+)\s*([^()]*)\)")
_COMMENT = re.compile(r";[^\n]*")
_OBJECT_TYPE = re.compile(r"\(\s*objectType\s+\?\w+\s+(\w+)\s*\)", re.IGNORECASE)
_RECEPTACLE_TYPE = re.compile(r"\(\s*receptacleType\s+\?\w+\s+(\w+)\s*\)", re.IGNORECASE)
ABILITIES = ("pickupable", "cleanable", "heatable", "coolable", "toggleable", "sliceable")
_STATES = {f"is{state}": state for state in ObjectState}
_IN_HAND = ("holds", "holdsany", "holdsanyreceptacleobject")


class ProblemError(ValueError):
    """The PDDL text does not describe an ALFWorld game."""


def parse_problem(pddl_problem: str, text_version: TextVersion, goal_text: str) -> Problem:
    """Read a game from its PDDL problem.

    Args:
        pddl_problem: The ``pddl_problem`` text of a game file.
        text_version: Text version from the file's grammar.
        goal_text: Task sentence from the file's grammar.

    Raises:
        ProblemError: If the text is not an ALFWorld problem.
    """
    text = _COMMENT.sub("", pddl_problem)
    start, end = text.find("(:init"), text.find("(:goal")
    if start < 0 or end < start:
        raise ProblemError("no (:init ...) followed by (:goal ...)")
    facts = _Facts(text[start + len("(:init") : end])
    in_hand = [predicate for predicate in _IN_HAND if facts.rows(predicate)]
    if in_hand:
        raise ProblemError(f"the agent holds something at first ({', '.join(in_hand)}): no such game is known")
    goal = parse_goal(text[end:])
    try:
        ((_, agent_location),) = facts.rows("atlocation")
        problem = Problem(
            text_version=text_version,
            task=goal_text,
            goal=goal,
            agent_location=agent_location,
            receptacles=_receptacles(facts),
            objects=_objects(facts),
            can_contain=frozenset((_bare(outer), _bare(inner)) for outer, inner in facts.pairs("cancontain")),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise ProblemError(f"the facts of (:init ...) are incomplete: {error!r}") from error
    known = {receptacle.id for receptacle in problem.receptacles}
    for thing in problem.objects:
        for unknown in set(thing.receptacles) - known:
            raise ProblemError(f"{thing.id} is in {unknown}, which has no receptacleType")
    return replace(problem, other_ids=tuple(sorted(facts.ids() - problem.ids)))


def parse_goal(pddl_goal: str) -> Goal:
    """The goal in a ``(:goal ...)`` block. Raises `ProblemError` if it is of none of the six task types."""
    lowered = pddl_goal.lower()
    objects = [_bare(name) for name in _OBJECT_TYPE.findall(pddl_goal)]
    receptacles = [_bare(name) for name in _RECEPTACLE_TYPE.findall(pddl_goal)]
    if "(istoggled" in lowered and len(objects) == 2:
        return Goal(TaskType.LOOK, object_type=objects[1], lamp_type=objects[0])
    if len(set(objects)) != 1 or len(set(receptacles)) != 1 or "issliced" in lowered:
        raise ProblemError("the (:goal ...) is that of none of the six task types")
    if len(objects) == 2:
        task_type = TaskType.TWO
    elif "(isclean" in lowered:
        task_type = TaskType.CLEAN
    elif "(ishot" in lowered:
        task_type = TaskType.HEAT
    elif "(iscool" in lowered:
        task_type = TaskType.COOL
    else:
        task_type = TaskType.PLACE
    return Goal(task_type, object_type=objects[0], receptacle_type=receptacles[0])


class _Facts:
    """The distinct facts of an ``(:init ...)`` block by predicate (lower case), in the order of the text."""

    def __init__(self, text: str) -> None:
        grouped: dict[str, dict[tuple[str, ...], None]] = {}
        for predicate, arguments in _FACT.findall(text):
            grouped.setdefault(predicate.lower(), {})[tuple(arguments.split())] = None
        self._rows = {predicate: list(rows) for predicate, rows in grouped.items()}

    def rows(self, predicate: str) -> list[tuple[str, ...]]:
        return self._rows.get(predicate, [])

    def flagged(self, predicate: str) -> dict[str, None]:
        return {row[0]: None for row in self.rows(predicate)}

    def pairs(self, predicate: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self.rows(predicate)]

    def several(self, predicate: str) -> dict[str, tuple[str, ...]]:
        values: dict[str, tuple[str, ...]] = {}
        for key, value in self.pairs(predicate):
            values[key] = (*values.get(key, ()), value)
        return values

    def ids(self) -> set[str]:
        """All ids in the facts without types."""
        rows = (row for predicate, rows in self._rows.items() if predicate != "cancontain" for row in rows)
        return {value for row in rows for value in row if not value.endswith("Type")}


def _receptacles(facts: _Facts) -> tuple[Receptacle, ...]:
    places = dict(facts.pairs("receptacleatlocation"))
    openable, opened = facts.flagged("openable"), facts.flagged("opened")
    return tuple(
        Receptacle(id_, _bare(type_), places[id_], id_ in openable, id_ in opened)
        for id_, type_ in facts.pairs("receptacletype")
    )


def _objects(facts: _Facts) -> tuple[GameObject, ...]:
    types = dict(facts.pairs("objecttype"))
    inside, at, within = (facts.several(name) for name in ("inreceptacle", "objectatlocation", "inreceptacleobject"))
    abilities = {ability: facts.flagged(ability) for ability in ABILITIES}
    containers = facts.flagged("isreceptacleobject")
    states = {state: facts.flagged(predicate) for predicate, state in _STATES.items()}
    mentioned = types | inside | at | within | containers
    for having in abilities.values():
        mentioned |= having
    return tuple(
        GameObject(
            id=id_,
            type=_bare(types.get(id_, "")),
            receptacles=inside.get(id_, ()),
            locations=at.get(id_, ()),
            is_receptacle=id_ in containers,
            contained_in=within.get(id_, ()),
            states=frozenset(state for state, having in states.items() if id_ in having),
            **{ability: id_ in having for ability, having in abilities.items()},
        )
        for id_ in mentioned
    )


def _bare(type_name: str) -> str:
    return type_name.removesuffix("Type")
