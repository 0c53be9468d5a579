"""The privileged side of ALFWorld: the places of all objects and a shortest plan."""

from collections.abc import Iterator, Sequence

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import ObjectState
from leap_kedro.environments.alfworld.engine.rules import Rules
from leap_kedro.environments.alfworld.engine.state import NOTHING, Action, State, Verb, members
from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.teaching import alternatives, planner
from leap_kedro.environments.alfworld.teaching.reasons import Fact
from leap_kedro.environments.naming import names_of
from leap_kedro.environments.protocol import Environment
from leap_kedro.records import PrivilegedState

_ELSEWHERE = Action(Verb.GO)  # stands for all walks to irrelevant places, which have the same cost
_STATES = (ObjectState.CLEAN, ObjectState.HOT, ObjectState.COOL)


class AlfworldOracle:
    """Plans on the game of an ALFWorld environment and never changes it."""

    def state(self, environment: Environment) -> PrivilegedState:
        """The current privileged state: task, essentials, facts and a shortest plan."""
        game = _game(environment)
        plan = planner.shortest_plan(game.rules, game.state) or []
        return PrivilegedState(
            task=game.problem.task,
            essentials=tuple(dict.fromkeys(_named(game.rules, plan))),
            facts=tuple(_facts(game.rules, game.state, plan)),
            plan=tuple(game.command(action) for action in plan),
        )

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        """Names in a state that a reason must not reveal."""
        return names_of(state)

    def cost_to_go(self, environment: Environment) -> int | None:
        """Smallest number of actions to the goal; None if it cannot be reached."""
        game = _game(environment)
        return planner.cost_to_go(game.rules, game.state)

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        """`cost_to_go` after each of `actions`; None if an action is not executable or loses the game."""
        game = _game(environment)
        commands = game.commands()
        relevant = planner.relevant_locations(game.rules, game.state)
        known: dict[Action | None, int | None] = {None: None}
        costs: list[int | None] = []
        for command in actions:
            action = commands.get(command.strip())
            walks_away = action and action.verb is Verb.GO and game.rules.place_of[action.target] not in relevant
            key = _ELSEWHERE if walks_away else action
            if action and key not in known:
                after = game.state.copy()
                game.rules.apply(after, action)
                known[key] = planner.cost_to_go(game.rules, after)
            costs.append(known[key])
        return costs

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        """Environments with the same history, in which unseen objects of the goal have other places."""
        for game in alternatives.alternatives(_game(environment), actions, count, seed):
            other = ALFWorldEnvironment()
            other.game = game
            yield other


def _game(environment: Environment) -> Game:
    game = getattr(environment, "game", None)
    if not isinstance(game, Game):
        raise TypeError(f"the ALFWorld oracle needs the native engine, not {type(environment).__name__}")
    return game


def _named(rules: Rules, plan: Sequence[Action]) -> Iterator[str]:
    """Objects and receptacles of a plan in its order."""
    for action in plan:
        if action.object != NOTHING:
            yield rules.object_names[action.object]
        yield rules.receptacle_names[action.target]


def _facts(rules: Rules, state: State, plan: Sequence[Action]) -> Iterator[str]:
    """Places and states of the objects that the goal may use, and which of the places are closed."""
    matter = rules.goal_objects | rules.goal_lamps
    concerned = {action.target for action in plan}
    if state.held != NOTHING:
        yield Fact.HELD.format(thing=rules.object_names[state.held])
    for receptacle, inside in enumerate(state.inside):
        for thing in members(inside & matter):
            concerned.add(receptacle)
            yield Fact.IS_IN.format(thing=rules.object_names[thing], place=rules.receptacle_names[receptacle])
    for attribute, changed in zip(_STATES, (state.clean, state.hot, state.cool), strict=True):
        for thing in members(changed & rules.goal_objects):
            yield Fact.IS_CHANGED.format(thing=rules.object_names[thing], state=attribute.value)
    for receptacle in sorted(concerned):
        if not rules.is_accessible(state, receptacle):
            yield Fact.IS_CLOSED.format(place=rules.receptacle_names[receptacle])
