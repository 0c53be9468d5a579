"""The rules of ALFWorld's PDDL domain: applicable actions, their effects, and the goal.

If TextWorld deviates from the text of the domain, the rules follow TextWorld: an object can only be examined while it
is held (a comma in the other case of the precondition makes its type unknown), and there is no action of going to a
receptacle at the current location (its effects cancel out).
"""

from collections.abc import Callable, Iterable

from leap_kedro.environments.alfworld.engine.problem import (
    GameObject,
    ObjectState,
    Problem,
    TaskType,
    TextVersion,
    entity_names,
)
from leap_kedro.environments.alfworld.engine.state import NOTHING, Action, State, Verb, members

_KNIVES = ("Knife", "ButterKnife")


class Rules:
    """A problem compiled to tables, which do not change and are shared by the copies of a game.

    Attributes:
        problem: The game.
        receptacles: Its receptacles in TextWorld's order (raw id in lower case).
        objects: Its objects in the same order.
        locations: Raw ids of all locations.
        receptacle_names: Names in the text ("cabinet 6"), by index.
        object_names: Names in the text ("mug 2"), by index.
        location_names: Names in the text ("loc 6"), by index.
        place_of: Location of each receptacle.
        receptacles_at: Receptacles of each location in ascending order.
        fits: For each receptacle, the set of objects that its type may contain.
        pickupable: Set of the objects that can be taken.
        goal_objects: Set of the objects of the goal's type that can have the required state.
        goal_receptacles: Receptacles of the goal's type in ascending order.
        goal_lamps: Set of the lamps for a `TaskType.LOOK` goal.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.receptacles = tuple(sorted(problem.receptacles, key=lambda receptacle: receptacle.id.lower()))
        self.objects = tuple(sorted(problem.objects, key=lambda thing: thing.id.lower()))
        places = {problem.agent_location: None}
        places |= dict.fromkeys(receptacle.location for receptacle in self.receptacles)
        places |= dict.fromkeys(place for thing in self.objects for place in thing.locations)
        self.locations = tuple(places)
        names = entity_names(problem.ids)
        self.receptacle_names = tuple(names.get(receptacle.id, receptacle.id) for receptacle in self.receptacles)
        self.object_names = tuple(names.get(thing.id, thing.id) for thing in self.objects)
        self.location_names = tuple(names.get(place, place) for place in self.locations)

        self._receptacle_index = {receptacle.id: index for index, receptacle in enumerate(self.receptacles)}
        self._location_index = {place: index for index, place in enumerate(self.locations)}
        self.place_of = tuple(self._location_index[receptacle.location] for receptacle in self.receptacles)
        at: list[list[int]] = [[] for _ in self.locations]
        for index, place in enumerate(self.place_of):
            at[place].append(index)
        self.receptacles_at = tuple(tuple(here) for here in at)

        of_type: dict[str, int] = {}
        for index, thing in enumerate(self.objects):
            of_type[thing.type] = of_type.get(thing.type, 0) | 1 << index
        taken_by: dict[str, int] = {}
        for outer, inner in problem.can_contain:
            taken_by[outer] = taken_by.get(outer, 0) | of_type.get(inner, 0)
        self.fits = tuple(taken_by.get(receptacle.type, 0) for receptacle in self.receptacles)
        self.pickupable = self._where(lambda thing: thing.pickupable)
        self._cleanable = self._where(lambda thing: thing.cleanable)
        self._heatable = self._where(lambda thing: thing.heatable)
        self._coolable = self._where(lambda thing: thing.coolable)
        self._toggleable = self._where(lambda thing: thing.toggleable)
        self._sliceable = self._where(lambda thing: thing.sliceable)
        self._knives = self._where(lambda thing: thing.type in _KNIVES)
        self._openable = _bits(index for index, receptacle in enumerate(self.receptacles) if receptacle.openable)
        treatments = {
            "SinkBasin": (Verb.CLEAN, self._cleanable),
            "Microwave": (Verb.HEAT, self._heatable),
            "Fridge": (Verb.COOL, self._coolable),
        }
        self._treatments = tuple(treatments.get(receptacle.type) for receptacle in self.receptacles)

        goal = problem.goal
        able = {ObjectState.CLEAN: self._cleanable, ObjectState.HOT: self._heatable, ObjectState.COOL: self._coolable}
        self.goal_objects = of_type.get(goal.object_type, 0)
        if goal.needed_state is not None:
            self.goal_objects &= able[goal.needed_state]
        self.goal_receptacles = tuple(
            index for index, receptacle in enumerate(self.receptacles) if receptacle.type == goal.receptacle_type
        )
        self.goal_lamps = of_type.get(goal.lamp_type, 0) & self._toggleable if goal.lamp_type else 0
        self._always = [Action(Verb.INVENTORY), Action(Verb.LOOK)]
        if problem.text_version is TextVersion.V2_1_2:
            self._always.append(Action(Verb.HELP))
        self._initial = self._initial_state()

    def _where(self, holds: Callable[[GameObject], bool]) -> int:
        return _bits(index for index, thing in enumerate(self.objects) if holds(thing))

    def initial_state(self) -> State:
        """A copy of the initial state."""
        return self._initial.copy()

    def _initial_state(self) -> State:
        inside, located = [0] * len(self.receptacles), [0] * len(self.locations)
        for index, thing in enumerate(self.objects):
            for receptacle in thing.receptacles:
                inside[self._receptacle_index[receptacle]] |= 1 << index
            for place in thing.locations:
                located[self._location_index[place]] |= 1 << index
        return State(
            place=self._location_index[self.problem.agent_location],
            held=NOTHING,
            inside=inside,
            left=[0] * len(self.receptacles),
            located=located,
            opened=_bits(index for index, receptacle in enumerate(self.receptacles) if receptacle.opened),
            clean=self._where(lambda thing: ObjectState.CLEAN in thing.states),
            hot=self._where(lambda thing: ObjectState.HOT in thing.states),
            cool=self._where(lambda thing: ObjectState.COOL in thing.states),
            sliced=self._where(lambda thing: ObjectState.SLICED in thing.states),
            toggled=self._where(lambda thing: ObjectState.TOGGLED in thing.states),
        )

    def is_openable(self, receptacle: int) -> bool:
        """Whether a receptacle can be opened and closed."""
        return bool(self._openable >> receptacle & 1)

    def is_accessible(self, state: State, receptacle: int) -> bool:
        """Whether a receptacle is open or cannot be closed."""
        return bool((state.opened | ~self._openable) >> receptacle & 1)

    def moves(self, place: int) -> list[Action]:
        """The actions of going elsewhere."""
        return [Action(Verb.GO, NOTHING, index) for index, there in enumerate(self.place_of) if there != place]

    def local_actions(self, state: State) -> list[Action]:
        """The applicable actions in `state` except going elsewhere."""
        held = state.held
        actions = self._always.copy()
        for receptacle in self.receptacles_at[state.place]:
            actions.append(Action(Verb.EXAMINE_RECEPTACLE, NOTHING, receptacle))
            if self._openable >> receptacle & 1:
                verb = Verb.CLOSE if state.opened >> receptacle & 1 else Verb.OPEN
                actions.append(Action(verb, NOTHING, receptacle))
            if self.is_accessible(state, receptacle):
                actions += self._handling(state, receptacle)
            treatment = self._treatments[receptacle]
            if treatment is not None and held >= 0 and treatment[1] >> held & 1:
                actions.append(Action(treatment[0], held, receptacle))
            lamps = state.inside[receptacle] & self._toggleable
            if lamps:
                actions += [Action(Verb.USE, lamp, receptacle) for lamp in members(lamps)]
        if held >= 0:
            actions.append(Action(Verb.EXAMINE_OBJECT, held))
            if self._knives >> held & 1:
                sliceable = state.located[state.place] & self._sliceable
                actions += [Action(Verb.SLICE, thing, held) for thing in members(sliceable)]
        return actions

    def _handling(self, state: State, receptacle: int) -> list[Action]:
        """Taking objects from an accessible receptacle, or putting the held object into it."""
        if state.held >= 0:
            fits = self.fits[receptacle] >> state.held & 1
            return [Action(Verb.PUT, state.held, receptacle)] if fits else []
        takeable = state.inside[receptacle] & self.pickupable
        return [Action(Verb.TAKE, thing, receptacle) for thing in members(takeable)]

    def apply(self, state: State, action: Action) -> None:
        """Apply the effects of an applicable action to `state`."""
        verb, thing, receptacle = action
        if verb is Verb.GO:
            state.place = self.place_of[receptacle]
        elif verb is Verb.OPEN:
            state.opened |= 1 << receptacle
        elif verb is Verb.CLOSE:
            state.opened &= ~(1 << receptacle)
        elif verb is Verb.TAKE:
            bit = 1 << thing
            state.inside[receptacle] &= ~bit
            state.left[receptacle] |= bit
            state.located[state.place] &= ~bit
            state.held = thing
        elif verb is Verb.PUT:
            bit = 1 << thing
            state.inside[receptacle] |= bit
            state.left[receptacle] &= ~bit
            state.located[state.place] |= bit
            state.held = NOTHING
        else:
            self._alter(state, verb, 1 << thing if thing >= 0 else 0)

    @staticmethod
    def _alter(state: State, verb: Verb, bit: int) -> None:
        if verb is Verb.CLEAN:
            state.clean |= bit
        elif verb is Verb.HEAT:
            state.hot |= bit
            state.cool &= ~bit
        elif verb is Verb.COOL:
            state.cool |= bit
            state.hot &= ~bit
        elif verb is Verb.USE:
            state.toggled |= bit
        elif verb is Verb.SLICE:
            state.sliced |= bit

    def goal_reached(self, state: State) -> bool:
        """Whether the goal is reached in `state`."""
        goal = self.problem.goal
        if goal.task_type is TaskType.LOOK:
            if state.held < 0 or not self.goal_objects >> state.held & 1:
                return False
            lit = self.goal_lamps & state.toggled
            return bool(lit) and any(state.inside[here] & lit for here in self.receptacles_at[state.place])
        wanted = self.goal_objects & self.in_needed_state(state)
        number = goal.number
        return any((state.inside[receptacle] & wanted).bit_count() >= number for receptacle in self.goal_receptacles)

    def in_needed_state(self, state: State) -> int:
        """Set of the objects in the state that the goal requires; all objects if it requires none."""
        needed = self.problem.goal.needed_state
        return -1 if needed is None else int(getattr(state, needed.value))


def _bits(indices: Iterable[int]) -> int:
    bits = 0
    for index in indices:
        bits |= 1 << index
    return bits
