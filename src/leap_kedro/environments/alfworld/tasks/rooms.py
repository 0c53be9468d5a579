"""Generated rooms: the floor plans of generated games.

The number of a room determines its type, the furniture with its places, which receptacles can be opened, the fixtures
(lamps, mirrors, plants) and the types of objects. The games in a room differ in the objects and their places, like the
official games of a floor plan. The numbers of the kinds of furniture are drawn independently, so that rooms vary more
than the 108 official training floor plans.

All figures are in `statistics.json` (created by tests/environments/alfworld/tools/derive_statistics.py).
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from leap_kedro.environments.alfworld.engine.problem import GameObject, Receptacle
from leap_kedro.environments.alfworld.tasks.draw import Draw
from leap_kedro.environments.alfworld.tasks.places import available, receptacle_types

ROOM_TYPES = ("Kitchen", "LivingRoom", "Bedroom", "Bathroom")

Place = tuple[tuple[str, ...], tuple[str, ...]]
"""Ids of an object's receptacles and locations."""

_JITTERED_FROM = 3  # from here on, numbers of furniture vary by one, so that all numbers occur


@dataclass(frozen=True, slots=True)
class Outline:
    """The contents of a room without places.

    Attributes:
        number: The room's number.
        room_type: One of `ROOM_TYPES`.
        receptacles: Number of receptacles of each type.
        fixtures: Number of fixtures of each type.
        object_types: Sorted types of the objects in games in this room.
    """

    number: int
    room_type: str
    receptacles: Counter[str]
    fixtures: Counter[str]
    object_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """A room with its furniture and fixtures.

    Attributes:
        outline: Its contents without places.
        receptacles: The furniture.
        fixtures: Objects that cannot be taken.
        can_contain: Allowed (receptacle type, object type) pairs.
    """

    outline: Outline
    receptacles: tuple[Receptacle, ...]
    fixtures: tuple[GameObject, ...]
    can_contain: frozenset[tuple[str, str]]


@cache
def statistics() -> dict[str, Any]:
    """The statistics of official games."""
    figures: dict[str, Any] = json.loads((files(__package__) / "statistics.json").read_text())
    return figures


@lru_cache(maxsize=8192)
def outline(number: int) -> Outline:
    """The outline of the room with a number."""
    room_type = ROOM_TYPES[number % len(ROOM_TYPES)]
    figures = statistics()["rooms"][room_type]
    draw = Draw("alfworld room outline", number)
    smallest, largest = figures["furniture"]
    while not smallest <= (receptacles := _numbers_of_furniture(figures["receptacles"], draw)).total() <= largest:
        pass
    fixtures = Counter({type_: draw.weighted(row["counts"]) for type_, row in figures["fixtures"].items()})
    object_types = tuple(type_ for type_, row in figures["objects"].items() if draw.chance(row["plans"]))
    return Outline(number, room_type, receptacles, +fixtures, object_types)


def _numbers_of_furniture(figures: dict[str, list[tuple[int, float]]], draw: Draw) -> Counter[str]:
    numbers: Counter[str] = Counter()
    for type_, counts in figures.items():
        drawn = draw.weighted(counts)
        numbers[type_] = drawn + draw.below(3) - 1 if drawn >= _JITTERED_FROM else drawn
    return +numbers


@lru_cache(maxsize=256)
def room(number: int) -> Room:
    """The room with a number."""
    plan = outline(number)
    draw = Draw("alfworld room", number)
    names = Names(draw)
    receptacles = _furnish(plan, draw, names)
    rows = statistics()["rooms"][plan.room_type]["fixtures"]
    spots = Spots(receptacles)
    fixtures = tuple(
        new_object(type_, spots.draw(rows[type_]["places"], draw, names), names)
        for type_, number_of in plan.fixtures.items()
        for _ in range(number_of)
    )
    contents = statistics()["can_contain"]
    can_contain = frozenset(
        (outer, inner) for outer in plan.receptacles for inner in contents.get(outer, ()) if inner in plan.object_types
    )
    return Room(plan, receptacles, fixtures, can_contain)


class Names:
    """Makes unique raw ids like those of the official games.

    Args:
        draw: Source of the coordinates.
        taken: Ids in use.
    """

    def __init__(self, draw: Draw, taken: frozenset[str] = frozenset()) -> None:
        self._draw = draw
        self._taken = set(taken)

    def entity(self, type_: str) -> str:
        """Id of a thing: type and three coordinates; for a basin, those of its sink or bathtub, and the basin."""
        while True:
            coordinates = "".join(f"_bar_{self._metres(limit)}" for limit in (400, 200, 400))
            if type_.endswith("Basin"):
                id_ = f"{type_.removesuffix('Basin')}{coordinates}_bar_{type_}"
            else:
                id_ = f"{type_}{coordinates}"
            if self._new(id_):
                return id_

    def location(self) -> str:
        """Id of a location: grid position, direction and tilt of the view."""
        while True:
            x, z = (self._signed(self._draw.below(33) - 16) for _ in range(2))
            tilt = self._signed(self._draw.choice((-30, 0, 15, 30, 45, 60)))
            id_ = f"loc_bar_{x}_bar_{z}_bar_{self._draw.below(4)}_bar_{tilt}"
            if self._new(id_):
                return id_

    def _new(self, id_: str) -> bool:
        if id_ in self._taken:
            return False
        self._taken.add(id_)
        return True

    def _metres(self, limit: int) -> str:
        centimetres = self._draw.below(2 * limit) - limit
        whole, hundredths = divmod(abs(centimetres), 100)
        return f"_{'minus' if centimetres < 0 else 'plus'}_{whole:02d}_dot_{hundredths:02d}"

    @staticmethod
    def _signed(number: int) -> str:
        return f"_minus_{-number}" if number < 0 else str(number)


class Spots:
    """The places for objects in a room with the given furniture."""

    def __init__(self, receptacles: tuple[Receptacle, ...]) -> None:
        self._by_type: dict[str, list[Receptacle]] = defaultdict(list)
        for receptacle in receptacles:
            self._by_type[receptacle.type].append(receptacle)
        self._numbers = Counter({type_: len(group) for type_, group in self._by_type.items()})

    def draw(self, places: dict[str, float], draw: Draw, names: Names) -> Place:
        """A place for an object by weight; a separate location if the room has none of the places."""
        return self.at(draw.weighted(available(places, self._numbers).items() or [("", 1.0)]), draw, names)

    def at(self, kind: str, draw: Draw, names: Names) -> Place:
        """A place of a kind."""
        if not kind:
            return (), (names.location(),)
        chosen: list[Receptacle] = []
        for type_ in receptacle_types(kind):
            chosen.append(draw.choice([r for r in self._by_type[type_] if r not in chosen]))
        return () if kind.startswith("@") else tuple(r.id for r in chosen), (chosen[0].location,)


def new_object(type_: str, place: Place, names: Names) -> GameObject:
    """An object of a type with the properties of its type."""
    receptacles, locations = place
    return replace(_of_type(type_), id=names.entity(type_), receptacles=receptacles, locations=locations)


@cache
def _of_type(type_: str) -> GameObject:
    flags: dict[str, Any] = {flag: type_ in types for flag, types in statistics()["flags"].items()}
    return GameObject(id="", type=type_, **flags)


def _furnish(plan: Outline, draw: Draw, names: Names) -> tuple[Receptacle, ...]:
    beside = statistics()["rooms"][plan.room_type]["beside"]
    receptacles: list[Receptacle] = []
    standing: dict[str, list[str]] = defaultdict(list)
    for type_, number_of in plan.receptacles.items():
        chance_openable = _chance_openable(type_, draw)
        chances = [
            (other, chance) for other, chance in beside.get(type_, {}).items() if standing[other] or other == type_
        ]
        for _ in range(number_of):
            location = ""
            for other, chance in chances:
                if standing[other] and draw.chance(chance):
                    location = draw.choice(standing[other])
                    break
            location = location or names.location()
            standing[type_].append(location)
            receptacles.append(Receptacle(names.entity(type_), type_, location, draw.chance(chance_openable)))
    return tuple(receptacles)


def _chance_openable(type_: str, draw: Draw) -> float:
    shares = statistics()["openable"].get(type_)
    if shares is None:
        return 0.0
    kinds = (("all", shares["all"]), ("none", shares["none"]), ("mixed", 1 - shares["all"] - shares["none"]))
    kind = draw.weighted(kinds)
    return {"all": 1.0, "none": 0.0, "mixed": float(shares["mixed"])}[kind]
