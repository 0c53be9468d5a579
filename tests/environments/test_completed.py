"""Core environments: what is completed, and what is said about those that break a rule."""

import gc
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from environments.houses import ExpertHouses, House, Houses, PlannedHouses, SilentHouses

from leap_kedro.environments.completed import Completed
from leap_kedro.environments.core import Capability, capabilities
from leap_kedro.environments.guarded import LONGEST
from leap_kedro.environments.protocol import Environment, EnvironmentFailure, Observation, StepResult, TaskDataError
from leap_kedro.environments.rules import check_environment
from leap_kedro.records import PrivilegedState, Task


def completed(core: Houses) -> Completed:
    return Completed(core, core.name, core.name)


def started(core: Houses, number: int = 0) -> tuple[Completed, Environment, Task]:
    benchmark = completed(core)
    task = benchmark.tasks("train", number + 1, 0)[number]
    environment = benchmark.environment()
    environment.reset(task)
    return benchmark, environment, task


@pytest.mark.parametrize("core", [Houses(), PlannedHouses(), ExpertHouses(), SilentHouses()])
def test_environments_that_follow_the_protocol_break_no_rule(core: Houses) -> None:
    experts = ["opener"] if isinstance(core, ExpertHouses) else []
    assert check_environment(completed(core), "train", 5, 0, experts) == []


def test_capabilities_are_what_the_class_provides() -> None:
    assert capabilities(completed(Houses())) == set()
    assert capabilities(completed(PlannedHouses())) == {Capability.PLAN}
    assert capabilities(completed(ExpertHouses())) == {Capability.PLAN, Capability.EXPERTS}


def test_a_plan_makes_an_oracle() -> None:
    benchmark, environment, task = started(PlannedHouses())
    box, oracle = task.payload["box"], benchmark.oracle()
    right, wrong = f"open the {box} box", next(f"open the {c} box" for c in ("red", "green") if c != box)
    assert oracle.state(environment) == PrivilegedState(
        "find the treasure", (), (f"treasure: in the {box} box",), (right,)
    )
    assert oracle.cost_to_go(environment) == 1
    assert oracle.lookahead(environment, [right, wrong, "fly"]) == [0, 1, None]
    assert list(oracle.alternatives(environment, (), 2, 0)) == []
    assert environment.step(right).done  # the lookahead has changed nothing


def test_without_a_plan_the_oracle_knows_the_facts_only() -> None:
    benchmark, environment, _ = started(Houses())
    oracle = benchmark.oracle()
    assert oracle.state(environment).plan == ()
    assert oracle.cost_to_go(environment) is None
    assert oracle.lookahead(environment, ["open the red box"]) == [None]


@pytest.mark.parametrize(
    ("facts", "stated"),
    [
        ("in the red box", ("in the red box",)),
        ("", ()),
        (["in a box", "it is red"], ("in a box", "it is red")),
        ({"box": "red"}, ("box: red",)),
        (PrivilegedState("find it", ("red box",), ("it is there",), ()), ("it is there",)),
    ],
)
def test_privileged_facts_have_one_of_four_forms(facts: Any, stated: tuple[str, ...]) -> None:
    core = Houses()
    core.privileged = lambda task: facts  # type: ignore[method-assign]
    (task,) = core.tasks("train", 1, 0)
    assert completed(core).privileged(task).facts == stated


@pytest.mark.parametrize("facts", [None, 3, [1, 2], {"box": "red"}.keys])
def test_privileged_facts_of_another_type_are_refused(facts: Any) -> None:
    core = Houses()
    core.privileged = lambda task: facts  # type: ignore[method-assign]
    (task,) = core.tasks("train", 1, 0)
    with pytest.raises(EnvironmentFailure, match=r"'houses', task 'train/0': privileged\(task\) failed: TypeError"):
        completed(core).privileged(task)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda task: "find it", "has a str and not a Task"),
        (lambda task: replace(task, id="same"), "two tasks with the id 'same'"),
        (lambda task: replace(task, environment="other"), "says environment='other'"),
        (lambda task: replace(task, split="test"), "split='test'"),
        (lambda task: replace(task, payload={"at": object()}), r"because of payload\['at'\]"),
        (lambda task: replace(task, payload={"at": {"a": 1}}), r"because of payload\['at'\]"),
        (lambda task: replace(task, payload={"at": float("nan")}), r"because of payload\['at'\]"),
        (lambda task: replace(task, goal=7), "because of goal"),
    ],
)
def test_tasks_that_break_a_rule_are_refused_by_name(change: Callable[[Task], Any], said: str) -> None:
    core = Houses()
    tasks = core.tasks("train", 3, 0)
    core.tasks = lambda *_: [change(task) for task in tasks]  # type: ignore[method-assign]
    with pytest.raises(TaskDataError, match=said) as caught:
        completed(core).tasks("train", 3, 0)
    assert "Environment 'houses'" in str(caught.value)
    assert "python -m leap_kedro.environments.check houses" in str(caught.value)


def test_a_split_that_it_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(TaskDataError, match=r"'houses': tasks\('moon', 3, 0\) raised KeyError: 'moon'"):
        completed(Houses()).tasks("moon", 3, 0)


def guarded(**methods: Callable[..., Any]) -> tuple[Environment, Task]:
    core = Houses()
    core.house = type("Changed", (House,), methods)
    core.max_seconds = 0.3  # type: ignore[attr-defined]
    return completed(core).environment(), core.tasks("train", 1, 0)[0]


def seen(text: Any = "", admissible: Any = None) -> Callable[..., Any]:
    return lambda self, action: StepResult(Observation(text, admissible), 0.0, False)


def play(environment: Environment, task: Task) -> None:
    environment.reset(task)
    environment.step("open the red box")


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({"reset": lambda self, task: 1 / 0}, "reset raised ZeroDivisionError"),
        ({"reset": lambda self, task: time.sleep(1)}, r"reset did not answer within 0\.3 s \(`max_seconds`\)"),
        ({"reset": lambda self, task: "a text"}, "reset gave str and not an Observation"),
        (
            {"step": lambda self, action: 1 / 0},
            r"step raised ZeroDivisionError: division by zero \(.*test_completed\.py, line \d+\)",
        ),
        ({"step": lambda self, action: sys.exit(3)}, "step raised SystemExit: 3"),
        ({"step": lambda self, action: time.sleep(1)}, "step did not answer"),
        ({"step": lambda self, action: "a text"}, "step returned str and not StepResult"),
        ({"step": seen(text=7)}, "and not an Observation with a text"),
        ({"step": seen(text="x" * (LONGEST + 1))}, "an observation of 200,001 characters"),
        ({"step": seen(admissible="look")}, "lists actions as str"),
        ({"step": seen(admissible=("look", ""))}, "lists the action ''"),
        ({"step": seen(admissible=("look\nup",))}, r"lists the action 'look\\nup'"),
        ({"step": lambda self, action: StepResult(Observation("it"), 7, False)}, "gave the score 7"),
        ({"step": lambda self, action: StepResult(Observation("it"), float("nan"), False)}, "gave the score nan"),
    ],
)
def test_what_an_environment_does_wrong_is_named(methods: dict[str, Callable[..., Any]], said: str) -> None:
    environment, task = guarded(**methods)
    with pytest.raises(EnvironmentFailure, match=said) as caught:
        play(environment, task)
    assert "Environment 'houses', task 'train/0'" in str(caught.value)


def test_an_environment_that_cannot_be_built_is_named() -> None:
    with pytest.raises(EnvironmentFailure, match=r"'houses': environment\(\) raised TypeError"):
        guarded(__init__=lambda self, needed: None)


def test_an_environment_lives_in_one_thread_which_ends_with_it() -> None:
    before = threading.active_count()
    threads: set[int] = set()
    environment, task = guarded(
        step=lambda self, action: threads.add(threading.get_ident()) or seen("it")(self, action)
    )
    environment.reset(task)
    for _ in range(3):
        environment.step("open the red box")
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    del environment
    gc.collect()
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_after_a_call_that_hangs_nothing_else_is_called() -> None:
    environment, task = guarded(step=lambda self, action: time.sleep(0.5))
    environment.reset(task)
    with pytest.raises(EnvironmentFailure, match="did not answer"):
        environment.step("open the red box")
    with pytest.raises(EnvironmentFailure, match="reset cannot be called: an earlier call has not returned"):
        environment.reset(task)


def test_a_step_after_the_end_is_refused() -> None:
    _, environment, task = started(Houses())
    assert environment.step(f"open the {task.payload['box']} box").done
    with pytest.raises(EnvironmentFailure, match="step was called after the end of the episode"):
        environment.step("open the red box")


def test_control_characters_are_left_out_of_observations() -> None:
    environment, task = guarded(step=seen(text="\x1b[31mred\x1b[0m\x00 bell\x07\r\nnew line\ttab é"))
    environment.reset(task)
    assert environment.step("open the red box").observation.text == "red bell\nnew line\ttab é"


def test_an_empty_observation_is_one() -> None:
    environment, task = guarded(step=seen(text=""))
    environment.reset(task)
    assert environment.step("open the red box").observation.text == ""


def test_an_action_of_two_lines_is_refused_without_asking_the_environment() -> None:
    _, environment, _ = started(Houses())
    refused = environment.step("open the red box\nopen the green box")
    assert (refused.accepted, refused.done, refused.observation.text) == (
        False,
        False,
        "Nothing happens: an action has one line.",
    )


def test_repeated_actions_are_listed_once() -> None:
    environment, task = guarded(step=seen(admissible=["look", "look", "wait"]))
    environment.reset(task)
    assert environment.step("open the red box").observation.admissible == ("look", "wait")
