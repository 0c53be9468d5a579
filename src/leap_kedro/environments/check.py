"""Checks on some tasks that a benchmark follows the protocol as `protocol.py` describes it.

    python -m leap_kedro.environments.check NAME --split SPLIT [--tasks 5] [--seed 0] [--experts E ...] [--options JSON]

Covered: task ids are unique and tasks are reproducible; a new environment gives the same answers; listed actions are
accepted, and an action that is not executable changes nothing; the oracle changes nothing, its plan reaches the goal,
and costs decrease by one along the plan; experts take listed actions, and their first option is their decision. Not
covered: whether texts, rewards and hidden facts equal those of the original. Each environment has its own conformance
command for that.
"""

import argparse
import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from leap_kedro.environments.actions import is_listed, is_open
from leap_kedro.environments.protocol import (
    Benchmark,
    Environment,
    EnvironmentSpec,
    ExpertStuck,
    Observation,
    StepResult,
    TaskDataError,
)
from leap_kedro.environments.registry import REGISTERED, make_benchmark
from leap_kedro.records import Task, UserError

NO_ACTION = "no action at all"
_WALK = 12


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a benchmark violates.

    Attributes:
        rule: The rule.
        task: Id of the task that shows the violation; "" if it concerns no single task.
        detail: The observed behaviour.
    """

    rule: str
    task: str
    detail: str


def check_environment(
    benchmark: Benchmark, split: str, count: int, seed: int, experts: Sequence[str] = ()
) -> list[Violation]:
    """Check a benchmark and return all violations.

    Args:
        benchmark: The benchmark.
        split: Split of the tasks.
        count: Number of tasks.
        seed: Seed of the tasks and of random actions.
        experts: Names of the experts to check.

    Raises:
        TaskDataError: If the split has no tasks.
    """
    tasks = benchmark.tasks(split, count, seed)
    if not tasks:
        raise TaskDataError(f"Split '{split}' of {benchmark.name} has no tasks to check.")
    found = list(_of_tasks(benchmark, tasks, split, count, seed))
    for task in tasks:
        for rules in (_of_environment, _of_oracle):
            found += rules(benchmark, task, seed)
        for expert in experts:
            found += _of_expert(benchmark, task, expert, seed)
    return found


def _of_tasks(benchmark: Benchmark, tasks: list[Task], split: str, count: int, seed: int) -> Iterator[Violation]:
    if len({task.id for task in tasks}) < len(tasks):
        yield Violation("task ids are unique", "", "two tasks have the same id")
    if benchmark.tasks(split, count, seed) != tasks:
        yield Violation("the same split and seed give the same tasks", "", "they differ")
    if any(task.environment != benchmark.name or task.split != split for task in tasks):
        yield Violation("a task names its environment and split", "", f"expected {benchmark.name}, {split}")
    try:
        pickle.loads(pickle.dumps(benchmark))  # noqa: S301 - written by this process
    except Exception as error:
        yield Violation("a benchmark can be sent to another process", "", repr(error))


def _walk(benchmark: Benchmark, task: Task, seed: int) -> tuple[list[str], list[Observation | StepResult]]:
    """Random listed actions and their results."""
    environment, rng = benchmark.environment(), Random(seed)
    seen = environment.reset(task)
    actions: list[str] = []
    answers: list[Observation | StepResult] = [seen]
    for _ in range(_WALK):
        closed = [action for action in seen.admissible or () if not is_open(action)]
        if not closed:
            break
        actions.append(rng.choice(closed))
        result = environment.step(actions[-1])
        answers.append(result)
        seen = result.observation
        if result.done:
            break
    return actions, answers


def _of_environment(benchmark: Benchmark, task: Task, seed: int) -> Iterator[Violation]:
    actions, answers = _walk(benchmark, task, seed)
    if (actions, answers) != _walk(benchmark, task, seed):
        yield Violation("the same task and actions give the same answers", task.id, f"after {actions}")
    for action, answer in zip(actions, answers[1:], strict=True):
        if isinstance(answer, StepResult) and not answer.accepted:
            yield Violation("a listed action is accepted", task.id, action)
        if isinstance(answer, StepResult) and not 0 <= answer.score <= 1:
            yield Violation("a score is between 0 and 1", task.id, f"{answer.score} after {action}")
    environment = benchmark.environment()
    before = environment.reset(task)
    refused = environment.step(NO_ACTION)
    if refused.accepted or refused.observation.admissible != before.admissible:
        yield Violation("an action that is not executable is refused and changes nothing", task.id, NO_ACTION)


def _of_oracle(benchmark: Benchmark, task: Task, seed: int) -> Iterator[Violation]:
    environment, oracle = benchmark.environment(), benchmark.oracle()
    seen = environment.reset(task)
    before = environment.step(NO_ACTION).observation
    state, cost = oracle.state(environment), oracle.cost_to_go(environment)
    oracle.lookahead(environment, seen.admissible or ())
    list(oracle.alternatives(environment, (), 1, seed))
    if environment.step(NO_ACTION).observation != before or oracle.cost_to_go(environment) != cost:
        yield Violation("the oracle does not change the environment", task.id, "its observation has changed")
    if cost is None:
        return
    if len(state.plan) != cost:
        yield Violation("a plan is as long as the cost to go", task.id, f"{len(state.plan)} actions, cost {cost}")
    yield from _along(environment, benchmark, task, state.plan)


def _along(environment: Environment, benchmark: Benchmark, task: Task, plan: Sequence[str]) -> Iterator[Violation]:
    oracle, score = benchmark.oracle(), 0.0
    for left, action in zip(range(len(plan) - 1, -1, -1), plan, strict=True):
        if oracle.lookahead(environment, [action]) != [left]:
            yield Violation("costs fall by one along a plan", task.id, f"{action}: not {left}")
        score = environment.step(action).score
    if plan and score < 1:
        yield Violation("a plan reaches the goal", task.id, f"score {score} after {list(plan)}")


def _of_expert(benchmark: Benchmark, task: Task, name: str, seed: int) -> Iterator[Violation]:
    environment, expert = benchmark.environment(), benchmark.expert(name, seed)
    seen = environment.reset(task)
    expert.start(seen.text)
    for _ in range(_WALK):
        try:
            options = expert.options()
        except ExpertStuck:
            return
        total = sum(option.weight for option in options)
        if abs(total - 1) > 1e-6:
            yield Violation("the weights of an expert's options sum to 1", task.id, f"{name}: {total}")
        action = expert.decide().action
        if action != options[0].decision.action:
            yield Violation("an expert's first option is its decision", task.id, f"{name}: {action}")
        result = environment.step(action)
        if result.accepted and seen.admissible is not None and not is_listed(action, seen.admissible):
            yield Violation("an accepted action is listed", task.id, f"{name}: {action}")
        seen = result.observation
        expert.observe(action, seen.text)
        if result.done:
            return


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and print the violations; 0 if there are none, 2 if the check could not run."""
    parser = argparse.ArgumentParser(description="Check that a benchmark follows the environment protocol.")
    parser.add_argument("name", help=f"one of {', '.join(REGISTERED)}")
    parser.add_argument("--split", required=True)
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", type=json.loads, default={}, help="options of the environment, as JSON")
    parser.add_argument("--experts", nargs="*", default=(), help="experts to check")
    given = parser.parse_args(arguments)
    try:
        benchmark = make_benchmark(EnvironmentSpec(given.name, given.options))
        found = check_environment(benchmark, given.split, given.tasks, given.seed, given.experts)
    except (UserError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"tasks {given.tasks} violations {len(found)}")
    for each in found:
        print(f"{each.rule}: {each.task} {each.detail}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
