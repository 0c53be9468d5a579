"""ALFWorld without its vocabulary and its questions: how good is the automatic student where a hand-made one exists?

A=environment=automatic_alfworld:AutomaticALFWorld,bootstrap.demonstrator=surfaces,correction.teacher.expert=surfaces
B=bootstrap.demonstrations=250,bootstrap.max_actions=50,bootstrap.fine_tuning.max_tokens=250000
PYTHONPATH=benchmarks kedro run --pipelines=base_model --params=$A,base_model.transcripts=10000
PYTHONPATH=benchmarks kedro run --pipelines=bootstrap --params=$A,$B,bootstrap.base=embedded,experiment=automatic
PYTHONPATH=benchmarks kedro run --pipelines=bootstrap --params=$A,$B,bootstrap.base=slots,experiment=automatic_slots
"""

from collections.abc import Sequence
from dataclasses import replace

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.instructions import INSTRUCTIONS
from leap_kedro.environments.protocol import Environment, Expert, Observation, StepResult
from leap_kedro.records import PrivilegedState, Task

SPLITS = {"train": "train", "test": "valid_unseen"}


class AutomaticALFWorld:
    """The core, with ALFWorld's experts and plans."""

    name = "automatic_alfworld"
    instructions = INSTRUCTIONS

    def __init__(self) -> None:
        self._games = ALFWorld(source="generated")
        self._oracle = self._games.oracle()

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """ALFWorld's tasks under this name."""
        found = self._games.tasks(SPLITS[split], count or 1_000, seed)
        return [replace(task, environment=self.name, split=split) for task in found]

    def environment(self) -> "Renamed":
        """A fresh environment."""
        return Renamed(self._games.environment())

    def privileged(self, task: Task) -> PrivilegedState:
        """ALFWorld's privileged state at the start."""
        environment = self.environment()
        environment.reset(task)
        return self._oracle.state(environment.game)

    def expert(self, name: str, seed: int = 0) -> Expert:
        """ALFWorld's experts."""
        return self._games.expert(name, seed)

    def plan(self, environment: "Renamed") -> Sequence[str]:
        """ALFWorld's plan."""
        return self._oracle.state(environment.game).plan


class Renamed:
    """An environment of ALFWorld for tasks with another name."""

    def __init__(self, game: Environment) -> None:
        self.game = game

    def reset(self, task: Task) -> Observation:
        """Start a task."""
        return self.game.reset(replace(task, environment="alfworld", split=SPLITS[task.split]))

    def step(self, action: str) -> StepResult:
        """Execute an action."""
        return self.game.step(action)
