"""What one ALFWorld game is: its static facts, where everything is at first, and the goal.

A `Problem` is made from the PDDL text of a game file (`parse_problem`) or directly (generated games). It is a frozen,
picklable value; the rules and the wordings are elsewhere. Raw ids are the identifiers of the PDDL text
("Mug_bar__plus_01_dot_00..."), types go without their "Type" suffix ("Mug", "SinkBasin").

Not covered: the goals of ALFRED tasks with sliced or movable objects, which ALFWorld leaves out, too.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class TextVersion(StrEnum):
    """Wordings of the text game; success rates are not comparable across them."""

    V2_1_1 = "2.1.1"
    """Wordings of the published results: "put X in/on Y", "You arrive at loc 6."."""
    V2_1_2 = "2.1.2"
    """Packages from 0.4.0 on: "move X to Y", "You arrive at countertop 3.", and the command "help"."""


class TaskType(StrEnum):
    """The six task types, named as in the official data."""

    PLACE = "pick_and_place_simple"
    LOOK = "look_at_obj_in_light"
    CLEAN = "pick_clean_then_place_in_recep"
    HEAT = "pick_heat_then_place_in_recep"
    COOL = "pick_cool_then_place_in_recep"
    TWO = "pick_two_obj_and_place"


class ObjectState(StrEnum):
    """What can have been done to an object."""

    CLEAN = "clean"
    HOT = "hot"
    COOL = "cool"
    SLICED = "sliced"
    TOGGLED = "toggled"


_NEEDED_STATE = {
    TaskType.CLEAN: ObjectState.CLEAN,
    TaskType.HEAT: ObjectState.HOT,
    TaskType.COOL: ObjectState.COOL,
}


class ProblemError(ValueError):
    """The PDDL text is not that of an ALFWorld game."""


@dataclass(frozen=True, slots=True)
class Receptacle:
    """A piece of furniture that holds objects.

    Attributes:
        id: Raw id.
        type: Receptacle type, such as "CounterTop".
        location: Raw id of the place where the agent stands in front of it.
        openable: Whether it can be opened and closed.
        opened: Whether it is open at first.
    """

    id: str
    type: str
    location: str
    openable: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True)
class GameObject:
    """A thing in the room.

    Attributes:
        id: Raw id.
        type: Object type, such as "Mug"; "" if the facts give none (such a thing fits nowhere).
        receptacles: Raw ids of the receptacles that list it (official games list some objects in several).
        locations: Raw ids of the places where the facts say it is; need not be those of its receptacles.
        pickupable: Whether it can be taken.
        cleanable: Whether it can be cleaned.
        heatable: Whether it can be heated.
        coolable: Whether it can be cooled.
        toggleable: Whether it can be used (lamps).
        sliceable: Whether it can be sliced.
        is_receptacle: Whether it is itself a container (a bowl, a box).
        contained_in: Raw ids of the container objects that it lies in.
        states: What holds for it at first.
    """

    id: str
    type: str
    receptacles: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    pickupable: bool = False
    cleanable: bool = False
    heatable: bool = False
    coolable: bool = False
    toggleable: bool = False
    sliceable: bool = False
    is_receptacle: bool = False
    contained_in: tuple[str, ...] = ()
    states: frozenset[ObjectState] = frozenset()


@dataclass(frozen=True, slots=True)
class Goal:
    """What has to be achieved.

    Attributes:
        task_type: One of the six.
        object_type: Type of the object to be placed, or to be looked at.
        receptacle_type: Type of the receptacle it goes to; None for `TaskType.LOOK`.
        lamp_type: Type of the lamp to be used; None but for `TaskType.LOOK`.
    """

    task_type: TaskType
    object_type: str
    receptacle_type: str | None = None
    lamp_type: str | None = None

    @property
    def number(self) -> int:
        """How many objects of the type are needed (in one receptacle)."""
        return 2 if self.task_type is TaskType.TWO else 1

    @property
    def needed_state(self) -> ObjectState | None:
        """State that the object must be in: clean, hot, cool, or none in particular."""
        return _NEEDED_STATE.get(self.task_type)


@dataclass(frozen=True, slots=True)
class Problem:
    """A game.

    Attributes:
        text_version: Wordings that it is played in.
        task: The task sentence as the student reads it ("put a mug in desk.").
        goal: The goal.
        agent_location: Raw id of the place where the agent starts.
        receptacles: The furniture.
        objects: The things.
        can_contain: Pairs (receptacle type, object type): what may be put where.
        other_ids: Raw ids that occur in the facts of the game file and belong to nothing above: they count for naming.
        help_text: Answer to ``help`` where the game file has one of its own; None for the usual one.
    """

    text_version: TextVersion
    task: str
    goal: Goal
    agent_location: str
    receptacles: tuple[Receptacle, ...]
    objects: tuple[GameObject, ...]
    can_contain: frozenset[tuple[str, str]]
    other_ids: tuple[str, ...] = ()
    help_text: str | None = None

    @property
    def ids(self) -> frozenset[str]:
        """All raw ids that count for naming: receptacles, objects, locations and `other_ids`."""
        found = {self.agent_location, *self.other_ids}
        for receptacle in self.receptacles:
            found.update((receptacle.id, receptacle.location))
        for thing in self.objects:
            found.add(thing.id)
            found.update(thing.locations)
        return frozenset(found)


_FACT = re.compile(r"\(\s*([^\s()]+)\s*([^()]*)\)")
_COMMENT = re.compile(r";[^\n]*")
_STATE_OF_PREDICATE = {
    "isclean": ObjectState.CLEAN,
    "ishot": ObjectState.HOT,
    "iscool": ObjectState.COOL,
    "issliced": ObjectState.SLICED,
    "istoggled": ObjectState.TOGGLED,
}
_NOT_MODELLED = ("holds", "holdsany", "holdsanyreceptacleobject")


def parse_problem(pddl_problem: str, text_version: TextVersion, goal_text: str) -> Problem:
    """Read a game out of its PDDL problem.

    Args:
        pddl_problem: The ``pddl_problem`` text of a game file.
        text_version: Wordings of the game, told by the file's grammar.
        goal_text: Task sentence, from the file's grammar.

    Raises:
        ProblemError: If the text is no ALFWorld problem.
    """
    text = _COMMENT.sub("", pddl_problem)
    start, end = text.find("(:init"), text.find("(:goal")
    if start < 0 or end < start:
        raise ProblemError("no (:init ...) followed by (:goal ...)")
    return _problem(_facts(text[start + len("(:init") : end]), parse_goal(text[end:]), text_version, goal_text)


def _facts(init: str) -> dict[str, list[tuple[str, ...]]]:
    """Facts by predicate (lower case), each once, in the order of the text."""
    grouped: dict[str, dict[tuple[str, ...], None]] = {}
    for predicate, arguments in _FACT.findall(init):
        grouped.setdefault(predicate.lower(), {})[tuple(arguments.split())] = None
    return {predicate: list(rows) for predicate, rows in grouped.items()}


def _problem(facts: dict[str, list[tuple[str, ...]]], goal: Goal, text_version: TextVersion, goal_text: str) -> Problem:
    def flagged(predicate: str) -> set[str]:
        return {row[0] for row in facts.get(predicate, ())}

    def pairs(predicate: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in facts.get(predicate, ())]

    def several(predicate: str) -> dict[str, tuple[str, ...]]:
        values: dict[str, tuple[str, ...]] = {}
        for key, value in pairs(predicate):
            values[key] = (*values.get(key, ()), value)
        return values

    unknown = [predicate for predicate in _NOT_MODELLED if predicate in facts]
    if unknown:
        raise ProblemError(f"the agent holds something at first ({', '.join(unknown)}): no such game is known")
    try:
        ((_, agent_location),) = facts["atlocation"]
        places = dict(pairs("receptacleatlocation"))
        openable, opened = flagged("openable"), flagged("opened")
        receptacles = tuple(
            Receptacle(id_, _bare(type_), places[id_], id_ in openable, id_ in opened)
            for id_, type_ in pairs("receptacletype")
        )
        types, inside, at, within = (
            dict(pairs("objecttype")),
            several("inreceptacle"),
            several("objectatlocation"),
            several("inreceptacleobject"),
        )
        flags = {
            name: flagged(predicate)
            for name, predicate in (
                ("pickupable", "pickupable"),
                ("cleanable", "cleanable"),
                ("heatable", "heatable"),
                ("coolable", "coolable"),
                ("toggleable", "toggleable"),
                ("sliceable", "sliceable"),
                ("is_receptacle", "isreceptacleobject"),
            )
        }
        states = {state: flagged(predicate) for predicate, state in _STATE_OF_PREDICATE.items()}
        objects = tuple(
            GameObject(
                id=id_,
                type=_bare(types.get(id_, "")),
                receptacles=inside.get(id_, ()),
                locations=at.get(id_, ()),
                contained_in=within.get(id_, ()),
                states=frozenset(state for state, ids in states.items() if id_ in ids),
                **{name: id_ in ids for name, ids in flags.items()},
            )
            for id_ in dict.fromkeys(
                [*types, *inside, *at, *within, *(i for ids in flags.values() for i in sorted(ids))]
            )
        )
        can_contain = frozenset((_bare(outer), _bare(inner)) for outer, inner in pairs("cancontain"))
    except (KeyError, IndexError, ValueError) as error:
        raise ProblemError(f"facts of (:init ...) are incomplete: {error!r}") from error
    problem = Problem(text_version, goal_text, goal, agent_location, receptacles, objects, can_contain)
    everything = {
        value for predicate, rows in facts.items() if predicate != "cancontain" for row in rows for value in row
    }
    return replace(
        problem, other_ids=tuple(sorted(id_ for id_ in everything - problem.ids if not id_.endswith("Type")))
    )


_OBJECT_TYPE = re.compile(r"\(\s*objectType\s+\?\w+\s+(\w+)\s*\)", re.IGNORECASE)
_RECEPTACLE_TYPE = re.compile(r"\(\s*receptacleType\s+\?\w+\s+(\w+)\s*\)", re.IGNORECASE)


def parse_goal(pddl_goal: str) -> Goal:
    """The goal that a ``(:goal ...)`` block of one of the six task types states.

    Raises:
        ProblemError: If it is none of the six.
    """
    lowered = pddl_goal.lower()
    objects = [_bare(name) for name in _OBJECT_TYPE.findall(pddl_goal)]
    receptacles = [_bare(name) for name in _RECEPTACLE_TYPE.findall(pddl_goal)]
    if "(istoggled" in lowered and len(objects) == 2:
        return Goal(TaskType.LOOK, object_type=objects[1], lamp_type=objects[0])
    if not objects or not receptacles or len(set(objects)) > 1 or len(set(receptacles)) > 1 or "issliced" in lowered:
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


def _bare(type_name: str) -> str:
    return type_name.removesuffix("Type")


def entity_names(ids: frozenset[str]) -> dict[str, str]:
    """Names that the text uses, by raw id ("cabinet 6"), as `AlfredDemangler` of the official package gives them.

    Ids are sorted in lower case; those of one kind are numbered downwards, so that the first has the highest number.
    An id with "basin" in it has that word added to its kind. Ids without coordinates ("agent1") have no number.
    """
    kinds = {}
    counts: dict[str, int] = {}
    for id_ in ids:
        kind, separator, _ = id_.lower().partition("_bar_")
        if separator:
            kind += "basin" if "basin" in id_.lower() else ""
            kinds[id_] = kind
            counts[kind] = counts.get(kind, 0) + 1
    names = {}
    for id_ in sorted(kinds, key=str.lower):
        kind = kinds[id_]
        names[id_] = f"{kind} {counts[kind]}"
        counts[kind] -= 1
    return names
