"""Environments of another package: a treasure in one of four boxes, with the core alone or with a capability."""

from collections.abc import Iterator
from random import Random
from typing import Any

from leap_kedro.environments.protocol import Decision, Observation, Option, StepResult, UnknownExpert
from leap_kedro.records import Task

COLOURS = ("red", "green", "blue", "white")
SPLITS = {"train": 0, "test": 10_000}


class House:
    """Open boxes until the treasure is found; `changes` of the payload make it break a rule."""

    def reset(self, task: Task) -> Observation:
        self.task, self.opened = task, 0
        return self._seen(f"Find the treasure. Something {task.payload['box']} glitters. There are 4 boxes.")

    def step(self, action: str) -> StepResult:
        if action not in self._actions():
            return StepResult(self._seen("That is not possible."), 0.0, done=False, accepted=False)
        self.opened += 1
        found = action == f"open the {self.task.payload['box']} box"
        return StepResult(self._seen("You found it." if found else "It is empty."), float(found), done=found)

    def _actions(self) -> tuple[str, ...]:
        return tuple(f"open the {colour} box" for colour in COLOURS)

    def _seen(self, text: str) -> Observation:
        return Observation(text, self._actions())


class Houses:
    """The core alone."""

    name = "houses"
    house: type[House] = House

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        return [self._task(split, SPLITS[split] + number) for number in range(count or 100)]

    def environment(self) -> House:
        return self.house()

    def privileged(self, task: Task) -> Any:
        return {"treasure": f"in the {task.payload['box']} box"}

    def _task(self, split: str, number: int) -> Task:
        payload = {"box": Random(number).choice(COLOURS), "number": number}
        return Task(f"{split}/{number}", self.name, split, "find the treasure", "treasure", payload)


class PlannedHouses(Houses):
    """With a plan."""

    name = "planned_houses"

    def plan(self, house: House) -> tuple[str, ...]:
        return (f"open the {house.task.payload['box']} box",)


class Opener:
    """An expert that opens the box that glitters."""

    def start(self, opening: str) -> None:
        self._colour = opening.split()[4]

    def observe(self, action: str, observation: str) -> None:
        pass

    def decide(self) -> Decision:
        return Decision(f"The {self._colour} box glitters.", f"open the {self._colour} box")

    def options(self) -> list[Option]:
        return [Option(self.decide(), 1.0, self._colour)]


class ExpertHouses(PlannedHouses):
    """With an expert, too."""

    name = "expert_houses"

    def expert(self, name: str, seed: int = 0) -> Opener:
        if name != "opener":
            raise UnknownExpert(f"There is no expert '{name}': opener.")
        return Opener()


class SilentHouse(House):
    """A house that lists no actions."""

    def _seen(self, text: str) -> Observation:
        return Observation(text)


class SilentHouses(PlannedHouses):
    """Without listed actions."""

    name = "silent_houses"
    house = SilentHouse


class MoodyHouse(SilentHouse):
    """A house that never answers twice in the same words."""

    asked = 0

    def _seen(self, text: str) -> Observation:
        MoodyHouse.asked += 1
        return Observation(f"{text} ({MoodyHouse.asked})")


class MoodyHouses(Houses):
    """Without listed actions, and not reproducible."""

    name = "moody_houses"
    house = MoodyHouse


def episodes(houses: Houses, count: int) -> Iterator[dict[str, Any]]:
    """Solved episodes, in the form of a file of demonstrations."""
    for task in houses.tasks("train", count, 0):
        house = houses.environment()
        opening = house.reset(task).text
        action = f"open the {task.payload['box']} box"
        turn = {"reason": "It glitters.", "action": action, "observation": house.step(action).observation.text}
        yield {"opening": opening, "turns": [turn]}
