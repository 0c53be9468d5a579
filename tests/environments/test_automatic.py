"""The vocabulary of an environment that has none: the words of walks, which follow its plan where it has one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from leap_kedro.environments.automatic import vocabulary_of
from leap_kedro.environments.completed import Completed
from leap_kedro.environments.protocol import Observation, StepResult
from leap_kedro.environments.slots import UNKNOWN
from leap_kedro.records import Task

DIGITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


class Safe:
    """A safe that opens after ten digits in the right order; random ones would not get far."""

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        return [
            Task(
                f"{split}/{n}",
                "safe",
                split,
                "open the safe",
                "safe",
                {"name": f"Mr{chr(97 + n // 10)}{chr(97 + n % 10)}"},
            )
            for n in range(count or 5)
        ]

    def environment(self) -> "Lock":
        return Lock()

    def privileged(self, task: Task) -> str:
        return ""


class PlannedSafe(Safe):
    """The same with a plan."""

    def plan(self, environment: "Lock") -> Sequence[str]:
        return [f"dial {digit}" for digit in DIGITS[environment.right :]]


class WantedSafe(Safe):
    """Its first observation has a digit that is different in each third task."""

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        found = super().tasks(split, count, seed)
        return [replace(task, payload={"name": f"number {DIGITS[n % 3]}"}) for n, task in enumerate(found)]


class Lock:
    right = 0

    def reset(self, task: Task) -> Observation:
        self.right = 0
        return self._seen(f"The safe of {task.payload['name']} has shelf 7.")

    def step(self, action: str) -> StepResult:
        self.right = self.right + 1 if action == f"dial {DIGITS[self.right]}" else 0
        done = self.right == len(DIGITS)
        return StepResult(self._seen("Gold glitters." if done else "It clicks."), float(done), done)

    def _seen(self, text: str) -> Observation:
        return Observation(text, ("knock on door 3", *(f"dial {digit}" for digit in DIGITS)))


@pytest.mark.parametrize(("safe", "opened"), [(Safe, False), (PlannedSafe, True)])
def test_walks_follow_the_plan(safe: type[Safe], opened: bool) -> None:
    vocabulary = vocabulary_of(Completed(safe(), "safe"))
    assert ("glitters" in vocabulary.phrases) is opened
    assert {"safe", "shelf", "clicks", "dial", "ten", UNKNOWN} <= set(vocabulary.phrases)


def test_numbered_entities_are_those_of_actions_and_rare_words_are_slots() -> None:
    vocabulary = vocabulary_of(Completed(Safe(), "safe"))
    assert vocabulary.entities == {"door": 3}
    assert not any(phrase.startswith("mr") for phrase in vocabulary.phrases)
    assert vocabulary.slots is not None


def test_words_of_actions_that_some_openings_have_are_slots_there() -> None:
    vocabulary = vocabulary_of(Completed(WantedSafe(), "safe"))
    assert vocabulary.slots is not None
    assert vocabulary.slots.varying == ("one", "three", "two")
    assert {"one", "two", "three", "dial"} <= set(vocabulary.phrases)
