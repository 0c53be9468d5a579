"""What an episode's text has shown so far, which is an expert's only knowledge of the room.

`Memory` follows any history, including refused actions and objects at wrong places. It has no access to the game. Only
the agent moves objects, so what was seen remains true until an action changes it.
"""

import re
from collections.abc import Iterable

from leap_kedro.environments.alfworld.teaching import text_parser
from leap_kedro.environments.alfworld.teaching.text_parser import Change, Goal, kind_of

_ACTION = re.compile(
    r"(?P<verb>go to|open|close|examine|use|take|put|move|clean|heat|cool) (?P<first>[a-z]+ \d+)"
    r"(?: (?:from|in/on|to|with) (?P<second>[a-z]+ \d+))?"
)
_OPPOSITE = {Change.HEAT: Change.COOL, Change.COOL: Change.HEAT}


class Memory:
    """What is known about the room and the agent.

    Attributes:
        places: All places in the order of the first observation.
        goal: The goal.
        here: Places known to be at the current location, beginning with the last destination.
        contents: Objects at each place, updated by takes and puts; the place seen last is at the end.
        seen: Places whose contents were shown.
        closed: Places known to be closed.
        held: The held object.
        origin: Place from which the held object was taken; "" if unknown.
        changes: Changes to each object that are still in effect.
        unfit: (place, kind of object or of change) pairs that were refused.
        put_action: Command for putting an object down in this text version, with the fields `thing` and `place`.
    """

    def __init__(self, opening: str) -> None:
        """Begin with the first observation. Raises `UnreadableOpening` if it states no known goal."""
        first = text_parser.parse_opening(opening)
        self.places: tuple[str, ...] = first.places
        self.goal: Goal = first.goal
        self.here: list[str] = []
        self.contents: dict[str, list[str]] = {}
        self.seen: set[str] = set()
        self.closed: set[str] = set()
        self.held: str | None = None
        self.origin = ""
        self.changes: dict[str, set[Change]] = {}
        self.unfit: set[tuple[str, str]] = set()
        self.put_action = "put {thing} in/on {place}"
        self._together: dict[str, set[str]] = {}

    def observe(self, action: str, observation: str) -> None:
        """Record an action and the observation that followed."""
        if observation.startswith("You arrive at "):
            self._learn_wording(arrived_at=observation[len("You arrive at ") :])
        match text_parser.read(observation):
            case text_parser.Seen(place, contents, arrived):
                if arrived:
                    self.here = [place, *sorted(self._together.get(place, set()))]
                self._is_here(place)
                self._see(place, contents)
            case text_parser.Closed(place):
                self._is_here(place)
                self.closed.add(place)
            case text_parser.Taken(thing, place):
                self._is_here(place)
                self._remove(thing, place)
                self.held, self.origin = thing, place
            case text_parser.Put(thing, place):
                self._is_here(place)
                self.contents.setdefault(place, []).append(thing)
                self.held, self.origin = None, ""
            case text_parser.Changed(thing, change, place):
                self._is_here(place)
                done = self.changes.setdefault(thing, set())
                done.add(change)
                if change in _OPPOSITE:
                    done.discard(_OPPOSITE[change])
            case text_parser.Carrying(thing):
                self.held = thing
            case text_parser.Facing(places):
                for place in places:
                    self._is_here(place)
            case text_parser.Refused():
                self._refused(action.strip())

    def where(self, kind: str) -> list[tuple[str, str]]:
        """Seen (object, place) pairs of a kind: those here first, then by the last sight of their place."""
        near = [place for place in self.here if place in self.contents]
        far = [place for place in reversed(self.contents) if place not in self.here]
        return [(thing, place) for place in (*near, *far) for thing in self.contents[place] if kind_of(thing) == kind]

    def unseen(self) -> list[str]:
        """Places whose contents were not shown, in the order listed."""
        return [place for place in self.places if place not in self.seen]

    def of_kind(self, kind: str) -> list[str]:
        """Places of a kind, in the order listed."""
        return [place for place in self.places if kind_of(place) == kind]

    def _learn_wording(self, arrived_at: str) -> None:
        self.put_action = "put {thing} in/on {place}" if arrived_at.startswith("loc ") else "move {thing} to {place}"

    def _see(self, place: str, contents: Iterable[str] | None) -> None:
        if contents is None:
            self.closed.add(place)
            return
        self.closed.discard(place)
        self.seen.add(place)
        self.contents.pop(place, None)
        self.contents[place] = list(contents)

    def _is_here(self, place: str) -> None:
        """Record that a place is at the current location, together with the other places here."""
        if place in self.here:
            return
        self.here.append(place)
        for one in self.here:
            self._together.setdefault(one, set()).update(other for other in self.here if other != one)

    def _remove(self, thing: str, place: str) -> None:
        if thing in self.contents.get(place, ()):
            self.contents[place].remove(thing)

    def _is_open(self, place: str) -> bool:
        return place in self.here and place in self.seen and place not in self.closed

    def _refused(self, action: str) -> None:
        """Learn from "Nothing happens." that an action was impossible."""
        found = _ACTION.fullmatch(action)
        if not found:
            return
        verb, first, second = found["verb"], found["first"], found["second"] or ""
        if verb == "go to" and first in self.places:
            self._is_here(first)
        elif verb == "take" and self.held is None and self._is_open(second):
            self._remove(first, second)
        elif verb == "use":
            for place in self.here:
                self._remove(first, place)
        elif verb in ("put", "move") and first == self.held and self._is_open(second):
            if action == self.put_action.format(thing=first, place=second):
                self.unfit.add((second, kind_of(first)))
        elif verb in tuple(Change) and first == self.held and second in self.here:
            self.unfit.add((second, verb))
