"""What follows from the plans of an environment with the core and `plan` alone."""

from collections.abc import Sequence

import pytest

from leap_kedro.environments.completed import Completed
from leap_kedro.environments.protocol import Observation, StepResult
from leap_kedro.records import Task
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.unprivileged import NoExpert

TASK = Task("walk/0", "corridor", "train", "reach the end", "walk", {"length": 3})
RESETS: list[str] = []


class Corridor:
    """A corridor of some steps."""

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        return [TASK]

    def environment(self) -> "Walker":
        return Walker()

    def privileged(self, task: Task) -> str:
        return f"the corridor is {task.payload['length']} steps long"

    def plan(self, environment: "Walker") -> Sequence[str]:
        return ["forth"] * (3 - environment.place)


class Walker:
    place = 0

    def reset(self, task: Task) -> Observation:
        RESETS.append(task.id)
        self.place = 0
        return Observation("0", ("back", "forth", "rest"))

    def step(self, action: str) -> StepResult:
        self.place = max(0, self.place + {"forth": 1, "back": -1}.get(action, 0))
        return StepResult(Observation(str(self.place), ("back", "forth", "rest")), self.place / 3, self.place == 3)


@pytest.fixture
def benchmark() -> Completed:
    RESETS.clear()
    return Completed(Corridor(), "corridor", "corridor")


def test_lookahead_is_the_length_of_the_plan_afterwards(benchmark: Completed) -> None:
    environment, oracle = benchmark.environment(), benchmark.oracle()
    environment.reset(TASK)
    environment.step("forth")
    assert oracle.lookahead(environment, ["back", "rest", "forth"]) == [3, 2, 1]
    assert (oracle.cost_to_go(environment), oracle.state(environment).plan) == (2, ("forth", "forth"))


def test_looking_at_each_action_before_it_is_taken_needs_one_replay(benchmark: Completed) -> None:
    environment, oracle = benchmark.environment(), benchmark.oracle()
    environment.reset(TASK)
    for action in ("rest", "back", "rest", "forth", "back"):
        oracle.lookahead(environment, [action])
        environment.step(action)
    assert len(RESETS) == 2  # of the environment, and of the one that looks ahead


@pytest.mark.parametrize(("own", "advised"), [("rest", "forth"), ("forth", "forth"), ("jump", "forth"), ("", "forth")])
def test_without_an_expert_the_teacher_replaces_what_loses_by_the_planned_action(
    benchmark: Completed, own: str, advised: str
) -> None:
    expert, environment = NoExpert(), benchmark.environment()
    expert.preferred = own
    options = expert.among(environment.reset(TASK).admissible)
    assert [option.decision.action for option in options] == ([own] if own in {"rest", "forth"} else [])
    decision = OracleTeacher(benchmark, "none", privilege=75).decide(environment, options)
    assert decision is not None
    assert decision.action == advised


def test_at_half_the_privilege_small_losses_are_left_to_the_student(benchmark: Completed) -> None:
    expert, environment = NoExpert(), benchmark.environment()
    expert.preferred = "rest"
    options = expert.among(environment.reset(TASK).admissible)
    decision = OracleTeacher(benchmark, "none", privilege=50).decide(environment, options)
    assert decision is not None
    assert decision.action == "rest"
