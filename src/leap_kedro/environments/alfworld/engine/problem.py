"""What one ALFWorld game is: its static facts, where everything is at first, and the goal.

A `Problem` is made from the PDDL text of a game file (`pddl.parse_problem`) or directly (generated games). It is a
frozen, picklable value; the rules and the wordings are elsewhere. Raw ids are the identifiers of the PDDL text
("Mug_bar__plus_01_dot_00..."), types go without their "Type" suffix ("Mug", "SinkBasin").

Not covered: the goals of ALFRED tasks with sliced or movable objects, which ALFWorld leaves out, too.
"""

from dataclasses import dataclass
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
