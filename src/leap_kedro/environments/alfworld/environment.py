"""The native engine as an `Environment`."""

from pathlib import Path

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import Problem
from leap_kedro.environments.alfworld.tasks.games import data_root, load_game
from leap_kedro.environments.protocol import EnvironmentFailure, Observation, StepResult, TaskDataError
from leap_kedro.records import Task


def problem_of(task: Task, folder: Path | None) -> Problem:
    """The game of a task.

    Args:
        task: A task with the payload ``{"source": "official", "game": path under the data folder}`` or
            ``{"source": "generated", ...}`` as written by the generator.
        folder: Data folder of official games; None for that of ``$ALFWORLD_DATA``.

    Raises:
        TaskDataError: If the file is missing or malformed, or the payload describes no game.
    """
    source = task.payload.get("source")
    if source == "official":
        return load_game(data_root(folder) / str(task.payload.get("game", "")))
    if source == "generated":
        from leap_kedro.environments.alfworld.tasks.generator import problem_for

        return problem_for(task.payload)
    raise TaskDataError(f"The task {task.id} has the payload {dict(task.payload)!r}, which describes no ALFWorld game.")


class ALFWorldEnvironment:
    """Plays ALFWorld tasks on the native engine. Deterministic; any text is a safe action.

    As in TextWorld, a game can continue after the goal: `done` tells whether the goal is currently reached.

    Attributes:
        game: The current game, for the privileged side; None before the first `reset`.
    """

    def __init__(self, data_folder: Path | None = None) -> None:
        """Play official games from `data_folder` (None: ``$ALFWORLD_DATA``)."""
        self._data_folder = data_folder
        self.game: Game | None = None

    def reset(self, task: Task) -> Observation:
        """Start a task. Raises `EnvironmentFailure` if its game cannot be built."""
        try:
            game = Game(problem_of(task, self._data_folder))
        except TaskDataError as error:
            raise EnvironmentFailure(str(error)) from error
        self.game = game
        return Observation(game.reset(), game.admissible())

    def step(self, action: str) -> StepResult:
        """Execute an action. Raises `EnvironmentFailure` before the first `reset`."""
        if self.game is None:
            raise EnvironmentFailure("no ALFWorld task is in play: call reset(task) before step(action)")
        text, score, done, accepted = self.game.step(action)
        return StepResult(Observation(text, self.game.admissible()), score, done, accepted)
