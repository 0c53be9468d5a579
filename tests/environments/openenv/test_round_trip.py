"""The environments of this project, served and taken back: the same episodes as here."""

from random import Random
from typing import Any

import pytest
from bash_sandboxes import runtime_or_skip
from openenv_servers import SECRET, serving

from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.environments.rules import NO_ACTION, check_environment
from leap_kedro.records import Task

TASKS, ACTIONS = 3, 12


def played(benchmark: Benchmark, task: Task, first: tuple[str, ...] = ()) -> list[Any]:
    """All that an environment answers to given actions, then to random ones and one that it does not know."""
    environment, rng = benchmark.environment(), Random(task.id)
    seen = environment.reset(task)
    answers: list[Any] = [seen]
    for action in (*first, NO_ACTION, *[None] * ACTIONS):
        result = environment.step(action or rng.choice(seen.admissible or ("look", NO_ACTION)))
        answers.append(result)
        seen = result.observation
        if result.done:
            break
    return answers


@pytest.mark.parametrize(
    ("name", "split", "options"),
    [
        ("alfworld", "valid_unseen", {}),
        ("webshop", "eval", {"products": 60}),
        ("intercode_bash", "eval", {}),
    ],
)
def test_episodes_tasks_and_facts_are_those_of_local_play(
    name: str, split: str, options: dict[str, Any], secret: str
) -> None:
    if name == "intercode_bash":
        runtime_or_skip()
    local = make_benchmark(EnvironmentSpec(name, options))
    with serving(local, SECRET) as url:
        remote = make_benchmark(EnvironmentSpec("openenv", {"url": url}))
        tasks, known = (each.tasks(split, TASKS, 3) for each in (remote, local))
        assert [(task.id, task.goal, task.kind) for task in tasks] == [
            (task.id, task.goal, task.kind) for task in known
        ]
        for task, same in zip(tasks, known, strict=True):
            environment = local.environment()
            environment.reset(same)
            state = local.oracle().state(environment)
            assert remote.oracle().state(_reset(remote, task)) == state
            for first in ((), state.plan):
                assert played(remote, task, first) == played(local, same, first)
        assert check_environment(remote, split, 1, 3) == []


def _reset(benchmark: Benchmark, task: Task) -> Any:
    environment = benchmark.environment()
    environment.reset(task)
    return environment
