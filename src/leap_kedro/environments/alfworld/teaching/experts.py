"""Unprivileged experts, which read the text like the student and search in a fixed order.

They differ in the order: `plain` searches the places as listed; `surfaces` searches open surfaces, then fridge,
microwave and safe, then cabinets and drawers, each as listed; `priors` searches by likelihood per cost. The rest is
common: they take needed objects, return to objects seen before, do what the goal requires, and put down objects that
they do not need. They are deterministic, can continue any history, and never repeat a refused action.
"""

from collections.abc import Callable

from leap_kedro.environments.alfworld.teaching.memory import Memory
from leap_kedro.environments.alfworld.teaching.placement import OPENABLE_KINDS, ROW_KINDS, fits, likelihood
from leap_kedro.environments.alfworld.teaching.reasons import Because, Need, reason
from leap_kedro.environments.alfworld.teaching.text_parser import Change, kind_of
from leap_kedro.environments.protocol import Decision, ExpertStuck, Option

Order = Callable[[Memory, str], list[str]]
"""Unseen places in the order of the search for an object of a kind."""

_DO_AT = {Change.CLEAN: Because.CLEAN_AT, Change.HEAT: Because.HEAT_AT, Change.COOL: Because.COOL_AT}
_DO_HERE = {Change.CLEAN: Because.CLEAN_HERE, Change.HEAT: Because.HEAT_HERE, Change.COOL: Because.COOL_HERE}


def _rank(memory: Memory, place: str) -> int:
    """Places here come first and visited closed containers last, so that "next" is the first unvisited place."""
    return 0 if place in memory.here else 2 if place in memory.closed else 1


def _plain(memory: Memory, kind: str) -> list[str]:
    return sorted(memory.unseen(), key=lambda place: _rank(memory, place))


def _surfaces(memory: Memory, kind: str) -> list[str]:
    def effort(place: str) -> int:
        return 0 if kind_of(place) not in OPENABLE_KINDS else 1 if kind_of(place) not in ROW_KINDS else 2

    return sorted(memory.unseen(), key=lambda place: (_rank(memory, place), effort(place)))


def _by_priors(memory: Memory, kind: str) -> list[str]:
    chance = likelihood(kind, memory.places)

    def cost(place: str) -> int:
        return 1 if place in memory.here or kind_of(place) not in OPENABLE_KINDS else 2

    return sorted(memory.unseen(), key=lambda place: -chance[place] / cost(place))


ORDERS: dict[str, Order] = {"plain": _plain, "surfaces": _surfaces, "priors": _by_priors}


class Searcher:
    """An `Expert` that searches in one of `ORDERS`."""

    def __init__(self, order: Order) -> None:
        """Search in an order."""
        self._order = order
        self._memory: Memory

    def start(self, opening: str) -> None:
        """Begin an episode. Raises `UnreadableOpening` if the first observation states no known goal."""
        self._memory = Memory(opening)

    def observe(self, action: str, observation: str) -> None:
        """Record an action, whoever chose it, and the observation that followed."""
        self._memory.observe(action, observation)

    def decide(self) -> Decision:
        """The next action and its reason. Raises `ExpertStuck` if every place was searched in vain."""
        return self._decide()[0]

    def options(self) -> list[Option]:
        """The options, the decision first; during a search they include the other places, weighted by likelihood."""
        first, kind = self._decide()
        if kind is None:
            return [Option(first, 1.0, "")]
        need = self._need_of(kind)
        places = self._order(self._memory, kind)
        chance = likelihood(kind, self._memory.places)
        total = sum(chance[place] for place in places)
        return [Option(self._look_into(place, need, kind), chance[place] / total, kind_of(place)) for place in places]

    def _decide(self) -> tuple[Decision, str | None]:
        """The decision, and during a search the kind of the object searched for."""
        memory, goal = self._memory, self._memory.goal
        thing = memory.held
        if thing is None:
            return self._find(goal.kind)
        if kind_of(thing) != goal.kind or thing in self._placed():
            return self._put_down(thing), None
        if goal.lamp:
            return self._find(goal.lamp)
        if goal.change and goal.change not in memory.changes.get(thing, ()):
            return self._treat(thing, goal.change), None
        return self._bring(thing, self._destination(), Need.DELIVER), None

    def _need_of(self, kind: str) -> Need:
        return Need.FIND_ANOTHER if kind == self._memory.goal.kind and self._placed() else Need.FIND

    def _find(self, kind: str) -> tuple[Decision, str | None]:
        """Get closer to an object of a kind: it is here, was seen, or must be searched for."""
        memory = self._memory
        need = self._need_of(kind)
        placed = self._placed()
        known = [(thing, place) for thing, place in memory.where(kind) if thing not in placed and thing != memory.held]
        change = memory.goal.change
        if change:
            known.sort(key=lambda pair: change not in memory.changes.get(pair[0], ()))
        if known:
            return self._reach(*known[0], need, kind), None
        places = self._order(memory, kind)
        if not places:
            raise ExpertStuck(f"every place was searched for a {kind} in vain")
        return self._look_into(places[0], need, kind), kind

    def _reach(self, thing: str, place: str, need: Need, kind: str) -> Decision:
        """Take an object that was seen, or use it if it is a lamp."""
        memory = self._memory
        if place not in memory.here:
            return Decision(reason(need, Because.SEEN, kind=kind, thing=thing, place=place), f"go to {place}")
        if kind == memory.goal.lamp:
            return Decision(reason(need, Because.HERE, kind=kind, name=thing), f"use {thing}")
        if place in memory.closed:
            return Decision(reason(need, Because.CLOSED, kind=kind, place=place), f"open {place}")
        return Decision(reason(need, Because.HERE, kind=kind, name=thing), f"take {thing} from {place}")

    def _look_into(self, place: str, need: Need, kind: str, thing: str = "") -> Decision:
        """Look into a place whose contents were not shown."""
        memory = self._memory
        if place not in memory.here:
            return Decision(reason(need, Because.NEXT, kind=kind, place=place), f"go to {place}")
        because, verb = (Because.CLOSED, "open") if place in memory.closed else (Because.BESIDE, "examine")
        return Decision(reason(need, because, kind=kind, thing=thing, place=place), f"{verb} {place}")

    def _treat(self, thing: str, change: Change) -> Decision:
        """Clean, heat or cool the held object."""
        memory = self._memory
        stations = [place for place in memory.of_kind(change.station) if (place, change.value) not in memory.unfit]
        if not stations:
            raise ExpertStuck(f"no {change.station} in the room to {change} {thing}")
        for place in stations:
            if place in memory.here:
                return Decision(reason(Need.DELIVER, _DO_HERE[change], thing=thing), f"{change} {thing} with {place}")
        place = stations[0]
        return Decision(reason(Need.DELIVER, _DO_AT[change], thing=thing, place=place), f"go to {place}")

    def _bring(self, thing: str, place: str, need: Need) -> Decision:
        """Put the held object at a place."""
        memory = self._memory
        if place not in memory.here:
            return Decision(reason(need, Because.GOES_TO, thing=thing, place=place), f"go to {place}")
        if place in memory.closed or (place not in memory.seen and kind_of(place) in OPENABLE_KINDS):
            return self._look_into(place, need, "", thing)
        action = memory.put_action.format(thing=thing, place=place)
        return Decision(reason(need, Because.HERE, thing=thing, name=place), action)

    def _put_down(self, thing: str) -> Decision:
        """Put the held object down: here if such objects fit here, else at its origin."""
        memory, kind = self._memory, kind_of(thing)

        def possible(place: str) -> bool:
            return (place, kind) not in memory.unfit and (place == memory.origin or fits(kind, kind_of(place)))

        here = [place for place in memory.here if possible(place)]
        opened = [place for place in here if place in memory.seen and place not in memory.closed]
        for place in (*opened, *here, memory.origin, *memory.places):
            if place and possible(place):
                return self._bring(thing, place, Need.PUT_DOWN)
        raise ExpertStuck(f"no place is known where {thing} could be put down")

    def _placed(self) -> list[str]:
        """The objects that are already at the destination of a goal that needs two."""
        if self._memory.goal.count == 1:
            return []
        placed = map(self._of_goal_kind, self._memory.of_kind(self._memory.goal.place))
        return max(placed, key=len, default=[])

    def _of_goal_kind(self, place: str) -> list[str]:
        kind = self._memory.goal.kind
        return [thing for thing in self._memory.contents.get(place, ()) if kind_of(thing) == kind]

    def _destination(self) -> str:
        """The destination of the held object: that of the first of two, else the place with the lowest cost."""
        memory = self._memory
        fitting = [p for p in memory.of_kind(memory.goal.place) if (p, memory.goal.kind) not in memory.unfit]
        if not fitting:
            raise ExpertStuck(f"no {memory.goal.place} in the room takes a {memory.goal.kind}")
        placed = self._placed()
        if placed:
            return next(place for place in fitting if self._of_goal_kind(place) == placed)
        opened = [place for place in reversed(memory.contents) if place in fitting and place not in memory.closed]
        near = [place for place in memory.here if place in fitting]
        for place in (*(p for p in near if p in opened), *near, *opened):
            return place
        return fitting[0]
