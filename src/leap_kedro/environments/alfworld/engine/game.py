"""The native text game: plays a `Problem` with the same answers as TextWorld, thousands of times faster."""

from collections.abc import Iterable

from leap_kedro.environments.alfworld.engine.problem import Problem, TaskType
from leap_kedro.environments.alfworld.engine.rules import Rules
from leap_kedro.environments.alfworld.engine.state import Action, State, Verb
from leap_kedro.environments.alfworld.engine.text import REFUSED, Text

_IDLE = frozenset({Verb.LOOK, Verb.INVENTORY, Verb.HELP, Verb.EXAMINE_RECEPTACLE, Verb.EXAMINE_OBJECT})


class Game:
    """A game.

    It starts in its initial state, to which `reset` returns. Copies share the compiled rules and have separate states.
    Pickling stores the problem and the state; the tables are built again.

    Attributes:
        problem: The game's facts.
        rules: The facts compiled.
        state: The current state. Change it only through `step`, `apply` and `restore`.
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
        """Return to the initial state. Returns the first observation, which states the task."""
        self.restore(self.rules.initial_state())
        return self._text.intro(self.state)

    def step(self, command: str) -> tuple[str, float, bool, bool]:
        """Execute a command; a command that is not admissible changes nothing.

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
        """Whether the goal is currently reached."""
        return self._won

    def admissible(self) -> tuple[str, ...]:
        """The executable commands in TextWorld's order."""
        return tuple(self.commands())

    def commands(self) -> dict[str, Action]:
        """The admissible commands in order with their actions. Do not change the result."""
        if self._commands is None:
            self._commands = self._admissible_commands()
        return self._commands

    def command(self, action: Action) -> str:
        """The command of an action, admissible or not."""
        return self._text.command(action)

    def apply(self, action: Action) -> None:
        """Apply an action without an observation. It must be applicable; this is not checked."""
        verb = action.verb
        if verb in _IDLE:
            return
        self.rules.apply(self.state, action)
        self._commands = None
        if verb is not Verb.GO or self._go_can_win:
            self._won = self.rules.goal_reached(self.state)

    def snapshot(self) -> State:
        """A copy of the current state for `restore`."""
        return self.state.copy()

    def restore(self, snapshot: State) -> None:
        """Return to a state of this game; the argument is copied."""
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
        """The local commands, merged with the "go to" commands, which form a block that depends only on the place."""
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
        commands |= local  # existing keys keep their positions
        return commands

    def _sorted(self, actions: Iterable[Action]) -> dict[str, Action]:
        command = self._text.command
        return dict(sorted([(command(action), action) for action in actions]))
