"""Parser of the texts of ALFWorld games in both versions; pure functions of the text.

An observation is parsed as one `Event`. Entities have their names in the game ("drawer 3"); a *kind* is the name
without the number. A text that is not one of the relevant sentences is parsed as `Other` and never raises an error.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """A change to an object that a goal may require; the value is the verb of the action."""

    CLEAN = "clean"
    HEAT = "heat"
    COOL = "cool"

    @property
    def station(self) -> str:
        """Kind of the place where the change is made."""
        return _STATIONS[self]


_STATIONS = {Change.CLEAN: "sinkbasin", Change.HEAT: "microwave", Change.COOL: "fridge"}
_ADJECTIVES = {"clean": Change.CLEAN, "hot": Change.HEAT, "cool": Change.COOL, "cold": Change.COOL}


@dataclass(frozen=True, slots=True)
class Goal:
    """A parsed task sentence.

    Attributes:
        kind: Kind of the required object.
        place: Kind of its destination; "" if it is to be looked at.
        change: Required change to the object.
        count: Number of required objects.
        lamp: Kind of the lamp under which to look at it; "" if it is to be placed.
    """

    kind: str
    place: str = ""
    change: Change | None = None
    count: int = 1
    lamp: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """The first observation: the places in the order listed, and the goal."""

    places: tuple[str, ...]
    goal: Goal


class UnreadableOpening(ValueError):
    """The first observation states no goal, or a goal in an unknown wording."""


_OBJECT = r"(?P<kind>[a-z]+)"
_PLACE = r"(?P<place>[a-z]+)"
_GOALS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:put|find) (?P<two>two) {_OBJECT}(?: and put them)? (?:in|on|in/on) {_PLACE}",
        rf"(?P<verb>clean|heat|cool) some {_OBJECT} and put it (?:in|on|in/on) {_PLACE}",
        rf"put an? (?P<adjective>clean|hot|cool|cold) {_OBJECT} (?:in|on|in/on) {_PLACE}",
        rf"put (?:a|an|some) {_OBJECT} (?:in|on|in/on) {_PLACE}",
        rf"(?:look at|examine) (?:an? |the |some )?{_OBJECT} (?:under|with) (?:the |a )?(?P<lamp>[a-z]+)",
    )
)


def parse_goal(sentence: str) -> Goal:
    """The goal of a task sentence. Raises `UnreadableOpening` if its wording is unknown."""
    text = sentence.strip().rstrip(".").lower()
    for pattern in _GOALS:
        found = pattern.fullmatch(text)
        if found:
            parts = found.groupdict()
            verb, adjective = parts.get("verb"), parts.get("adjective")
            change = Change(verb) if verb else _ADJECTIVES[adjective] if adjective else None
            return Goal(
                kind=parts["kind"],
                place=parts.get("place") or "",
                change=change,
                count=2 if parts.get("two") else 1,
                lamp=parts.get("lamp") or "",
            )
    raise UnreadableOpening(f"unknown wording of an ALFWorld goal: {sentence!r}")


_ENTITY = re.compile(r"\b[a-z]+ \d+\b")
_TASK = re.compile(r"Your task is to: (.+)")


def entities(text: str) -> tuple[str, ...]:
    """Names with numbers in a text, in its order and with repetitions, except locations ("loc 6")."""
    return tuple(name for name in _ENTITY.findall(text) if not name.startswith("loc "))


def parse_opening(text: str) -> Opening:
    """Places and goal of a first observation. Raises `UnreadableOpening` if it states no known goal."""
    task = _TASK.search(text)
    if not task:
        raise UnreadableOpening(f"no 'Your task is to: ...' in the first observation {text[:200]!r}")
    return Opening(places=entities(text[: task.start()]), goal=parse_goal(task[1]))


@dataclass(frozen=True, slots=True)
class Seen:
    """A place is described after an arrival, an opening or an examination.

    Attributes:
        place: The place.
        contents: Objects in or on it; None if it is closed.
        arrived: Whether the agent has just arrived there.
    """

    place: str
    contents: tuple[str, ...] | None
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A place was closed."""

    place: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An object was picked up."""

    thing: str
    place: str


@dataclass(frozen=True, slots=True)
class Put:
    """An object was put down."""

    thing: str
    place: str


@dataclass(frozen=True, slots=True)
class Changed:
    """An object was cleaned, heated or cooled."""

    thing: str
    change: Change
    place: str


@dataclass(frozen=True, slots=True)
class Carrying:
    """The inventory: the held object, or None."""

    thing: str | None


@dataclass(frozen=True, slots=True)
class Facing:
    """The places at the current location."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing happens."""


@dataclass(frozen=True, slots=True)
class Other:
    """Any other text."""


Event = Seen | Closed | Taken | Put | Changed | Carrying | Facing | Refused | Other

_NAME = r"([a-z]+ \d+)"
_VIEW = re.compile(
    r"(?P<arrived>You arrive at [a-z]+ \d+\. )?(?:You open the [a-z]+ \d+\. )?"
    r"(?:The (?P<closed>[a-z]+ \d+) is closed\."
    r"|(?:The (?P<open>[a-z]+ \d+) is open\. In it|On the (?P<on>[a-z]+ \d+)), you see (?P<list>.*))"
)
_SENTENCES: tuple[tuple[re.Pattern[str], Callable[..., Event]], ...] = (
    (re.compile(r"Nothing happens\."), Refused),
    (re.compile(rf"You pick up the {_NAME} from the {_NAME}\."), Taken),
    (re.compile(rf"You (?:put|move) the {_NAME} (?:in/on|to) the {_NAME}\."), Put),
    (
        re.compile(rf"You (clean|heat|cool) the {_NAME} using the {_NAME}\."),
        lambda verb, thing, place: Changed(thing, Change(verb), place),
    ),
    (re.compile(rf"You close the {_NAME}\."), Closed),
    (re.compile(r"You are not carrying anything\."), lambda: Carrying(None)),
    (re.compile(rf"You are carrying: a {_NAME}\."), Carrying),
    (re.compile(r"You are facing the (.*)\. Next to it, .*"), lambda places: Facing(entities(places))),
)


def read(observation: str) -> Event:
    """The event of an observation after the first one."""
    text = observation.strip()
    view = _VIEW.fullmatch(text)
    if view:
        arrived = view["arrived"] is not None
        if view["closed"]:
            return Seen(view["closed"], None, arrived)
        return Seen(view["open"] or view["on"], entities(view["list"]), arrived)
    for pattern, event in _SENTENCES:
        if found := pattern.fullmatch(text):
            return event(*found.groups())
    return Other()


def kind_of(name: str) -> str:
    """The kind of an entity: its name without the number."""
    return name.rpartition(" ")[0]
