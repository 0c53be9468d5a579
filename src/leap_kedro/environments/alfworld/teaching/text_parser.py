"""What the text of an ALFWorld game says, as a student could read it: both text versions, by pure functions.

An observation becomes one `Event`. Entities are named as the game names them ("drawer 3"); a *kind* is the name without
its number. Whatever is not one of the game's sentences reads as `Other`: it says nothing, and never raises.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """What a goal may ask to be done to an object; the value is the verb of the action."""

    CLEAN = "clean"
    HEAT = "heat"
    COOL = "cool"

    @property
    def station(self) -> str:
        """Kind of the place where it is done."""
        return _STATIONS[self]


_STATIONS = {Change.CLEAN: "sinkbasin", Change.HEAT: "microwave", Change.COOL: "fridge"}
_ADJECTIVES = {"clean": Change.CLEAN, "hot": Change.HEAT, "cool": Change.COOL, "cold": Change.COOL}


@dataclass(frozen=True, slots=True)
class Goal:
    """A task sentence taken apart.

    Attributes:
        kind: Kind of the object that is needed.
        place: Kind of the place that it goes to; "" where it is to be looked at.
        change: What has to be done to it first.
        count: How many are needed.
        lamp: Kind of the lamp that it is to be looked at under; "" where it is to be placed.
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
    """The first observation states no goal, or one of no known wording."""


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
    """The goal that a task sentence states.

    Raises:
        UnreadableOpening: If it is of none of the known wordings.
    """
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
    raise UnreadableOpening(f"no known wording of an ALFWorld goal: {sentence!r}")


_ENTITY = re.compile(r"\b[a-z]+ \d+\b")
_TASK = re.compile(r"Your task is to: (.+)")


def entities(text: str) -> tuple[str, ...]:
    """Names with numbers in a text, in its order, repeated ones included ("loc 6" is none of them)."""
    return tuple(name for name in _ENTITY.findall(text) if not name.startswith("loc "))


def parse_opening(text: str) -> Opening:
    """Places and goal of a first observation.

    Raises:
        UnreadableOpening: If it states no goal of a known wording.
    """
    task = _TASK.search(text)
    if not task:
        raise UnreadableOpening(f"no 'Your task is to: ...' in the first observation {text[:200]!r}")
    return Opening(places=entities(text[: task.start()]), goal=parse_goal(task[1]))


@dataclass(frozen=True, slots=True)
class Seen:
    """A place is described: after an arrival, an opening or an examination.

    Attributes:
        place: The place.
        contents: What is in or on it; None if it is closed.
        arrived: Whether one has just walked there.
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
class LampOn:
    """A lamp was turned on."""

    lamp: str


@dataclass(frozen=True, slots=True)
class Carrying:
    """The inventory: the object held, or None."""

    thing: str | None


@dataclass(frozen=True, slots=True)
class Facing:
    """The places at the present location."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing happens."""


@dataclass(frozen=True, slots=True)
class Other:
    """Says nothing that matters."""


Event = Seen | Closed | Taken | Put | Changed | LampOn | Carrying | Facing | Refused | Other

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
    (re.compile(rf"You turn on the {_NAME}\."), LampOn),
    (re.compile(r"You are not carrying anything\."), lambda: Carrying(None)),
    (re.compile(rf"You are carrying: a {_NAME}\."), Carrying),
    (re.compile(r"You are facing the (.*)\. Next to it, .*"), lambda places: Facing(entities(places))),
)


def read(observation: str) -> Event:
    """What an observation after the first says."""
    text = observation.strip()
    view = _VIEW.fullmatch(text)
    if view:
        arrived = view["arrived"] is not None
        if view["closed"]:
            return Seen(view["closed"], None, arrived)
        return Seen(view["open"] or view["on"], entities(view["list"]), arrived)
    return _read_other(text)


def _read_other(text: str) -> Event:
    for pattern, event in _SENTENCES:
        if found := pattern.fullmatch(text):
            return event(*found.groups())
    return Other()


def kind_of(name: str) -> str:
    """The kind of an entity: its name without the number."""
    return name.rpartition(" ")[0]
