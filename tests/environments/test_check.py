"""The checker of the environment protocol: what is registered passes, and what is broken is named."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from bash_sandboxes import runtime_or_skip

from leap_kedro.environments import check, rules
from leap_kedro.environments.protocol import Environment, Observation, StepResult, TaskDataError
from leap_kedro.environments.rules import NO_ACTION, check_environment
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.parameters import WebShopOptions
from leap_kedro.environments.webshop.teaching.oracle import WebShopOracle
from leap_kedro.records import PrivilegedState, Task

OPTIONS = WebShopOptions(products=60)


@pytest.mark.parametrize(
    ("name", "split", "experts"),
    [
        ("alfworld", "valid_unseen", ["plain", "surfaces", "priors"]),
        ("webshop", "eval", ["careful", "steady", "greedy"]),
        ("intercode_bash", "eval", ["novice", "fluent"]),
    ],
)
def test_what_is_registered_keeps_the_protocol(
    name: str, split: str, experts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "intercode_bash":
        runtime_or_skip()
    assert check.main([name, "--split", split, "--tasks", "4", "--experts", *experts]) == 0
    assert capsys.readouterr().out.endswith(f"4 tasks of the split '{split}': 0 violations\n")


def test_what_cannot_be_tried_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["webshp", "--split", "test"]) == 2
    assert check.main(["webshop", "--split", "moon"]) == 2
    assert check.main(["webshop", "--split", "test", "--options", '{"products": 3}']) == 2
    printed = capsys.readouterr().err
    assert "Did you mean 'webshop'?" in printed
    assert "'moon'" in printed
    assert "products" in printed


class Moody:
    """An environment that refuses what it lists and takes what it cannot do."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def reset(self, task: Task) -> Observation:
        return self._environment.reset(task)

    def step(self, action: str) -> StepResult:
        result = self._environment.step(action)
        return replace(result, accepted=action == NO_ACTION, score=result.score + 2)


class Meddling(WebShopOracle):
    """An oracle that acts, and plans too long."""

    def state(self, environment: Environment) -> PrivilegedState:
        state = super().state(environment)
        environment.step("search[mug]")
        return replace(state, plan=(*state.plan, "click[buy now]"))


class Broken(WebShop):
    """A benchmark that breaks most rules."""

    calls = 0

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        type(self).calls += 1
        tasks = super().tasks(split, count, seed)
        return [replace(tasks[0], goal=f"call {self.calls}", environment="other") for _ in tasks]

    def __reduce__(self) -> Any:
        raise TypeError("not to be sent")

    def environment(self) -> Environment:
        return Moody(super().environment())


class MeddlingShop(WebShop):
    def oracle(self) -> WebShopOracle:
        return Meddling()


def broken(found: Sequence[rules.Violation]) -> set[str]:
    return {each.rule for each in found}


def test_a_broken_benchmark_is_told_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_of_oracle", lambda *_: ())
    assert broken(check_environment(Broken(OPTIONS), "test", 2, 0)) == {
        "task ids are unique",
        "the same split and seed give the same tasks",
        "a task names its environment and split",
        "a benchmark can be sent to another process",
        "an action that is not executable is refused and changes nothing",
    }


def test_an_oracle_that_acts_is_found() -> None:
    assert broken(check_environment(MeddlingShop(OPTIONS), "test", 1, 0)) >= {
        "the oracle does not change the environment",
        "a plan is as long as the cost to go",
    }


def test_a_split_without_tasks_cannot_be_tried() -> None:
    with pytest.raises(TaskDataError, match="'test' of webshop"):
        check_environment(WebShop(OPTIONS), "test", 0, 0)
