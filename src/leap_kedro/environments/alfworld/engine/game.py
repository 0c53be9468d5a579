"""The native text game: plays one `Problem` and answers as TextWorld does, thousands of times faster."""

from collections.abc import Iterable

from leap_kedro.environments.alfworld.engine.problem import Problem, TaskType
from leap_kedro.environments.alfworld.engine.rules import Rules
from leap_kedro.environments.alfworld.engine.state import Action, State, Verb
from leap_kedro.environments.alfworld.engine.text import REFUSED, Text

_IDLE = frozenset({Verb.LOOK, Verb.INVENTORY, Verb.HELP, Verb.EXAMINE_RECEPTACLE, Verb.EXAMINE_OBJECT})


class Game:
    """One game in play.

    It starts in its initial state; `reset` returns to it. Copies share the compiled rules and have a state of their
    own. Pickling keeps the problem and the state; the tables are built again.

    Attributes:
        problem: The game's facts.
        rules: The facts compiled.
        state: The present moment. Change it through `step`, `apply` and `restore` only.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rules = Rules(problem)
        self._text = Text(self.rules)
        self._moves: dict[int, dict[str, Action]] = {}
        self._go_can_win = problem.goal.task_type is TaskType.LOOK
        self._commands: dict[str, Action] | None = None
        self.restore(self.rules.initial_state())

    def reset(self) -> str:
        """Go back to the start; returns the first observation, which states the task."""
        self.restore(self.rules.initial_state())
        return self._text.intro(self.state)

    def step(self, command: str) -> tuple[str, float, bool, bool]:
        """Carry a command out; one that is not admissible changes nothing.

        Returns:
            Observation, score (1 while the goal is reached, else 0), whether the game is done (the goal is reached),
            and whether the command was accepted.
        """
        action = self.commands().get(command.strip())
        if action is None:
            return REFUSED, float(self._won), self._won, False
        self.apply(action)
        return self._text.observation(action, self.state), float(self._won), self._won, True

    @property
    def won(self) -> bool:
        """Whether the goal is reached now."""
        return self._won

    def admissible(self) -> tuple[str, ...]:
        """The commands that are executable now, in TextWorld's order."""
        return tuple(self.commands())

    def commands(self) -> dict[str, Action]:
        """The admissible commands in order, with the actions that they stand for. Not to be changed."""
        if self._commands is None:
            self._commands = self._admissible_commands()
        return self._commands

    def command(self, action: Action) -> str:
        """The command that stands for an action, admissible or not."""
        return self._text.command(action)

    def apply(self, action: Action) -> None:
        """Carry an action out, without words. It must be applicable; this is not checked."""
        verb = action.verb
        if verb in _IDLE:
            return
        self.rules.apply(self.state, action)
        self._commands = None
        if verb is not Verb.GO or self._go_can_win:
            self._won = self.rules.goal_reached(self.state)

    def snapshot(self) -> State:
        """The present state, to be given to `restore` later."""
        return self.state.copy()

    def restore(self, snapshot: State) -> None:
        """Return to a state of this game (which stays untouched)."""
        self.state = snapshot.copy()
        self._commands = None
        self._won = self.rules.goal_reached(self.state)

    def copy(self) -> "Game":
        """An independent game in the same state."""
        other = object.__new__(Game)
        other.__dict__.update(self.__dict__)
        other.state = self.state.copy()
        return other

    def __getstate__(self) -> tuple[Problem, State]:
        return self.problem, self.state

    def __setstate__(self, kept: tuple[Problem, State]) -> None:
        problem, state = kept
        Game.__init__(self, problem)
        self.restore(state)

    def _admissible_commands(self) -> dict[str, Action]:
        """Merges the local commands with the ways to go, which sort as one block and change with the place only."""
        place = self.state.place
        moves = self._moves.get(place)
        if moves is None:
            moves = self._moves[place] = self._sorted(self.rules.moves(place))
        local = self._sorted(self.rules.local_actions(self.state))
        commands = {}
        for command in local:
            if command > "go to":
                break
            commands[command] = local[command]
        commands |= moves
        commands |= local  # what is there already keeps its place
        return commands

    def _sorted(self, actions: Iterable[Action]) -> dict[str, Action]:
        command = self._text.command
        return dict(sorted([(command(action), action) for action in actions]))
