"""What a transcript has shown so far, for walks and questions."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from leap_kedro.environments.alfworld.teaching import text_parser
from leap_kedro.environments.alfworld.teaching.memory import Memory
from leap_kedro.environments.alfworld.teaching.placement import OPENABLE_KINDS
from leap_kedro.environments.alfworld.teaching.text_parser import kind_of


class Notes:
    """What a transcript has shown so far.

    Attributes:
        memory: What is known about the room.
        place: The place described last; "" before the first.
    """

    def __init__(self, opening: str, privileged: Sequence[str] = ()) -> None:
        """Begin with the first observation and the facts of the privileged block, if there is one."""
        self.memory = Memory(opening)
        self.place = ""
        self._privileged = _only_places((thing, place) for thing, place in map(_thing_and_place, privileged) if place)

    def observe(self, action: str, observation: str) -> None:
        """Record an action and the observation that followed."""
        self.memory.observe(action, observation)
        match text_parser.read(observation):
            case text_parser.Seen(place, _) | text_parser.Closed(place):
                self.place = place

    @property
    def view(self) -> list[str]:
        """Visible objects at the place described last."""
        return [] if self.place in self.memory.closed else self.memory.contents.get(self.place, [])

    @property
    def visited(self) -> set[str]:
        """Places described so far."""
        return self.memory.seen | self.memory.closed

    @property
    def whereabouts(self) -> dict[str, str]:
        """The place of every seen object, "" for the held one, without objects that several places list."""
        shown = _only_places((thing, place) for place, things in self.memory.contents.items() for thing in things)
        return shown | {self.memory.held: ""} if self.memory.held else shown

    @property
    def privileged(self) -> dict[str, str]:
        """Places of objects in the privileged block, in its order, without objects that were seen elsewhere."""
        seen = self.whereabouts
        return {thing: place for thing, place in self._privileged.items() if seen.get(thing, place) == place}

    def unvisited(self, wanted: Callable[[str], bool]) -> Iterator[str]:
        """Places that satisfy `wanted` and were not described, in the order listed."""
        return (place for place in self.memory.places if place not in self.visited and wanted(place))


def any_place(_: str) -> bool:
    """Accepts every place."""
    return True


def is_surface(place: str) -> bool:
    """Whether the contents of a place are visible without opening it."""
    return not is_container(place)


def is_container(place: str) -> bool:
    """Whether a place must be opened."""
    return kind_of(place) in OPENABLE_KINDS


def _thing_and_place(fact: str) -> tuple[str, str]:
    thing, _, place = fact.rstrip(".").partition(" is in ")
    return thing, place


def _only_places(pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    """The place of each thing that has only one."""
    listed = list(pairs)
    times = Counter(thing for thing, _ in listed)
    return {thing: place for thing, place in listed if times[thing] == 1}
