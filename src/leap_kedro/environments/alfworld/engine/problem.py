"""Definition of an ALFWorld game: its static facts, the initial places of all things, and the goal.

A `Problem` is read from the PDDL text of a game file (`pddl.parse_problem`) or made by the generator. It is frozen and
can be pickled; rules and texts are in other modules. Raw ids are the identifiers of the PDDL text
("Mug_bar__plus_01_dot_00..."); types have no "Type" suffix ("Mug", "SinkBasin").

Not covered: goals of ALFRED tasks with sliced or movable objects, which ALFWorld leaves out, too.
"""

from dataclasses import dataclass
from enum import StrEnum


class TextVersion(StrEnum):
    """Version of the texts; success rates of different versions are not comparable."""

    V2_1_1 = "2.1.1"
    """Texts of the published results: "put X in/on Y", "You arrive at loc 6."."""
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
    """State of an object."""

    CLEAN = "clean"
    HOT = "hot"
    COOL = "cool"
    SLICED = "sliced"
    TOGGLED = "toggled"


_NEEDED_STATE = {TaskType.CLEAN: ObjectState.CLEAN, TaskType.HEAT: ObjectState.HOT, TaskType.COOL: ObjectState.COOL}


@dataclass(frozen=True, slots=True)
class Receptacle:
    """A piece of furniture that holds objects.

    Attributes:
        id: Raw id.
        type: Receptacle type, such as "CounterTop".
        location: Raw id of the agent's location in front of it.
        openable: Whether it can be opened and closed.
        opened: Whether it is open initially.
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
        type: Object type, such as "Mug"; "" if the facts state none (such an object fits nowhere).
        receptacles: Raw ids of the receptacles that list it (official games list some objects in several).
        locations: Raw ids of its locations according to the facts, which may differ from those of its receptacles.
        pickupable: Whether it can be taken.
        cleanable: Whether it can be cleaned.
        heatable: Whether it can be heated.
        coolable: Whether it can be cooled.
        toggleable: Whether it can be used (lamps).
        sliceable: Whether it can be sliced.
        is_receptacle: Whether it is itself a container (a bowl, a box).
        contained_in: Raw ids of the container objects that contain it.
        states: Its initial states.
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
    """The goal of a game.

    Attributes:
        task_type: One of the six.
        object_type: Type of the object to place or to look at.
        receptacle_type: Type of its destination; None for `TaskType.LOOK`.
        lamp_type: Type of the lamp to use; None except for `TaskType.LOOK`.
    """

    task_type: TaskType
    object_type: str
    receptacle_type: str | None = None
    lamp_type: str | None = None

    @property
    def number(self) -> int:
        """Number of objects of the type that are needed in one receptacle."""
        return 2 if self.task_type is TaskType.TWO else 1

    @property
    def needed_state(self) -> ObjectState | None:
        """The required state of the object: clean, hot, cool, or None."""
        return _NEEDED_STATE.get(self.task_type)


@dataclass(frozen=True, slots=True)
class Problem:
    """A game.

    Attributes:
        text_version: Version of its texts.
        task: The task sentence for the student ("put a mug in desk.").
        goal: The goal.
        agent_location: Raw id of the agent's initial location.
        receptacles: The furniture.
        objects: The objects.
        can_contain: Allowed (receptacle type, object type) pairs.
        other_ids: Other raw ids in the facts of the game file, which count for the numbers in names.
        help_text: Answer to ``help`` if the game file has its own; None for the usual one.
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
        """All raw ids that count for names: receptacles, objects, locations and `other_ids`."""
        found = {self.agent_location, *self.other_ids}
        for receptacle in self.receptacles:
            found.update((receptacle.id, receptacle.location))
        for thing in self.objects:
            found.add(thing.id)
            found.update(thing.locations)
        return frozenset(found)


def entity_names(ids: frozenset[str]) -> dict[str, str]:
    """Names in the text ("cabinet 6") by raw id, equal to those of `AlfredDemangler` in the official package.

    Ids are sorted in lower case and numbered downwards for each kind, so that the first id has the highest number. If
    an id contains "basin", the word is appended to its kind. Ids without coordinates ("agent1") have no number.
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
