"""Shortest plans from any state of a game, found by enumerating the few plans that can be shortest.

Every action costs 1, nothing is ever lost, and a goal requires only an empty hand and one or two objects that are
fetched, treated, delivered or looked at. A shortest plan is therefore a sequence of *visits* to at most six
receptacles, from which the walks and openings follow. Receptacles that are equivalent for the plan (open and here,
open elsewhere, closed and here, closed elsewhere) are represented by one of them. Tests compare the result with
breadth-first search.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from leap_kedro.environments.alfworld.engine.problem import ObjectState, TaskType
from leap_kedro.environments.alfworld.engine.rules import Rules
from leap_kedro.environments.alfworld.engine.state import NOTHING, Action, State, Verb, members

_STATIONS = {
    ObjectState.CLEAN: ("SinkBasin", Verb.CLEAN),
    ObjectState.HOT: ("Microwave", Verb.HEAT),
    ObjectState.COOL: ("Fridge", Verb.COOL),
}


class Visit(NamedTuple):
    """An action at a receptacle.

    Attributes:
        receptacle: The receptacle.
        verb: The verb; `Verb.GO` if being there is enough.
        object: The object.
        opens: Whether the receptacle must be accessible.
    """

    receptacle: int
    verb: Verb
    object: int = NOTHING
    opens: bool = False


Visits = tuple[Visit, ...]


def shortest_plan(rules: Rules, state: State) -> list[Action] | None:
    """A shortest sequence of actions to the goal; empty if it is reached, None if it cannot be reached."""
    best = _best(rules, state)
    return None if best is None else list(_actions(rules, state, best[1]))


def cost_to_go(rules: Rules, state: State) -> int | None:
    """Smallest number of actions to the goal; None if it cannot be reached."""
    best = _best(rules, state)
    return None if best is None else best[0]


def _best(rules: Rules, state: State) -> tuple[int, Visits] | None:
    """Cost and visits of a shortest plan; the first one if several are equally short."""
    if rules.goal_reached(state):
        return 0, ()
    best: tuple[int, Visits] | None = None
    for visits in _Candidates(rules, state).plans():
        cost = _cost(rules, state, visits)
        if best is None or cost < best[0]:
            best = cost, visits
    return best


def _cost(rules: Rules, state: State, visits: Visits) -> int:
    cost, place, opened = 0, state.place, state.opened
    for receptacle, verb, _, opens in visits:
        there = rules.place_of[receptacle]
        if there != place:
            cost, place = cost + 1, there
        if opens and rules.is_openable(receptacle) and not opened >> receptacle & 1:
            cost, opened = cost + 1, opened | 1 << receptacle
        cost += verb is not Verb.GO
    return cost


def _actions(rules: Rules, state: State, visits: Visits) -> Iterator[Action]:
    place, opened = state.place, state.opened
    for receptacle, verb, thing, opens in visits:
        there = rules.place_of[receptacle]
        if there != place:
            yield Action(Verb.GO, NOTHING, receptacle)
            place = there
        if opens and rules.is_openable(receptacle) and not opened >> receptacle & 1:
            yield Action(Verb.OPEN, NOTHING, receptacle)
            opened |= 1 << receptacle
        if verb is not Verb.GO:
            yield Action(verb, thing, receptacle)


class _Candidates:
    """Plans of which at least one is shortest."""

    def __init__(self, rules: Rules, state: State) -> None:
        self._rules = rules
        self._state = state
        self._goal = rules.problem.goal
        self._wanted = rules.goal_objects
        self._sources = [
            (thing, receptacle)
            for receptacle, inside in enumerate(state.inside)
            if inside & self._wanted
            for thing in members(inside & self._wanted & rules.pickupable)
        ]

    def plans(self) -> Iterator[Visits]:
        """All candidates."""
        if self._goal.task_type is TaskType.LOOK:
            return self._looking()
        if self._goal.task_type is TaskType.TWO:
            return self._placing_two()
        return self._placing_one()

    @property
    def _holds_wanted(self) -> bool:
        return self._state.held >= 0 and bool(self._wanted >> self._state.held & 1)

    def _looking(self) -> Iterator[Visits]:
        state, lamps = self._state, self._rules.goal_lamps
        ends = [
            Visit(receptacle, Verb.GO if state.toggled >> lamp & 1 else Verb.USE, lamp)
            for receptacle, inside in enumerate(state.inside)
            if inside & lamps
            for lamp in members(inside & lamps)
        ]
        if self._holds_wanted:
            return ((end,) for end in ends)
        return ((*fetch, end) for fetch in self._fetches(()) for end in ends)

    def _placing_one(self) -> Iterator[Visits]:
        if self._holds_wanted:
            yield from self._finish((), self._state.held, NOTHING)
        for fetch in self._fetches(self._rules.goal_receptacles):
            yield from self._finish(fetch, fetch[-1].object, fetch[-1].receptacle)

    def _finish(self, fetch: Visits, thing: int, source: int) -> Iterator[Visits]:
        """Treat the held object if necessary, and deliver it."""
        rules, state = self._rules, self._state
        if not self._needs_treatment(thing):
            yield from self._deliveries(fetch, thing)
            return
        for treat in self._treatments(thing):
            if any(state.inside[goal] >> thing & 1 for goal in rules.goal_receptacles if goal != source):
                yield (*fetch, treat)  # it is listed in several receptacles, including a destination
            else:
                yield from self._deliveries((*fetch, treat), thing)

    def _needs_treatment(self, thing: int) -> bool:
        return not self._rules.in_needed_state(self._state) >> thing & 1

    def _treatments(self, thing: int) -> Iterator[Visit]:
        needed = self._goal.needed_state
        if needed is not None:
            kind, verb = _STATIONS[needed]
            for index, receptacle in enumerate(self._rules.receptacles):
                if receptacle.type == kind:
                    yield Visit(index, verb, thing)

    def _deliveries(self, visits: Visits, thing: int) -> Iterator[Visits]:
        for goal in self._stand_ins(self._fitting(self._rules.goal_receptacles, thing), visits):
            yield (*visits, Visit(goal, Verb.PUT, thing, opens=True))

    def _placing_two(self) -> Iterator[Visits]:
        rules, state = self._rules, self._state
        fitting = [goal for goal in rules.goal_receptacles if rules.fits[goal] & self._wanted]
        begun = [goal for goal in fitting if state.inside[goal] & self._wanted]
        fresh = [goal for goal in fitting if not state.inside[goal] & self._wanted]
        passed = tuple(Visit(receptacle, Verb.GO) for _, receptacle in self._sources)
        for goal in (*begun, *self._stand_ins(fresh, passed)):
            yield from self._gather(goal)

    def _gather(self, goal: int) -> Iterator[Visits]:
        """Plans that bring the missing number of objects to `goal`."""
        state = self._state
        there = state.inside[goal] & self._wanted
        starts: Iterable[Visits]
        if self._holds_wanted and not there >> state.held & 1:
            starts = [(Visit(goal, Verb.PUT, state.held, opens=True),)]
            there |= 1 << state.held
        else:
            starts = [()]
        missing = self._goal.number - there.bit_count()
        for start in starts:
            if missing == 0:
                yield start
                continue
            for first in self._fetches((goal,), empty_handed=bool(start)):
                if there >> first[-1].object & 1:
                    continue
                one = (*start, *first, Visit(goal, Verb.PUT, first[-1].object, opens=True))
                if missing == 1:
                    yield one
                    continue
                for thing, source in self._sources:
                    if thing != first[-1].object:
                        take = Visit(source, Verb.TAKE, thing, opens=True)
                        yield (*one, take, Visit(goal, Verb.PUT, thing, opens=True))

    def _fetches(self, goals: Sequence[int], empty_handed: bool = False) -> Iterator[Visits]:
        """Plans that take an object of the goal's type; a held object is put down first, possibly at one of `goals`.

        Args:
            goals: Receptacles that the plan may visit later, so that opening them early costs nothing.
            empty_handed: Whether the hand will be empty by then.
        """
        state = self._state
        held = NOTHING if empty_handed else state.held
        for thing, source in self._sources:
            take = Visit(source, Verb.TAKE, thing, opens=True)
            if held < 0:
                yield (take,)
                continue
            anywhere = self._stand_ins(self._fitting(range(len(self._rules.receptacles)), held), (take,))
            later_opened = self._stand_ins(self._fitting(goals, held), (take,))
            for outlet in dict.fromkeys((*anywhere, *later_opened)):
                yield (Visit(outlet, Verb.PUT, held, opens=True), take)

    def _fitting(self, receptacles: Iterable[int], thing: int) -> Iterator[int]:
        return (one for one in receptacles if self._rules.fits[one] >> thing & 1)

    def _stand_ins(self, receptacles: Iterable[int], visits: Visits) -> Iterator[int]:
        """Representatives of `receptacles` for a plan that begins with `visits`.

        Receptacles differ in their location, if the plan starts or passes there, and in whether they are accessible.
        Receptacles that the plan visits represent only themselves, because the plan may open them.
        """
        rules, state = self._rules, self._state
        visited = {visit.receptacle for visit in visits}
        places = {state.place, *(rules.place_of[one] for one in visited)}
        known = set()
        for receptacle in receptacles:
            place = rules.place_of[receptacle]
            likeness = (
                receptacle if receptacle in visited else NOTHING,
                place if place in places else NOTHING,
                rules.is_accessible(state, receptacle),
            )
            if likeness not in known:
                known.add(likeness)
                yield receptacle


def relevant_locations(rules: Rules, state: State) -> frozenset[int]:
    """Locations that matter for the length of plans; from all others it is equal if the hand is empty."""
    if state.held != NOTHING:
        return frozenset(range(len(rules.locations)))
    needed = rules.goal_objects | rules.goal_lamps
    holding = (receptacle for receptacle, inside in enumerate(state.inside) if inside & needed)
    return frozenset(rules.place_of[receptacle] for receptacle in (*holding, *rules.goal_receptacles))
