"""The rules of the environment protocol, checked on some tasks.

Covered: task ids are unique and tasks are reproducible; a new environment gives the same answers, also while another
one is played; listed actions are accepted, and an action that is not executable changes nothing; privileged facts are
not shown; the oracle changes nothing, its plan reaches the goal, and costs decrease along the plan; experts take listed
actions, and their first option is their decision. Not covered: whether texts, rewards and hidden facts equal those of
an original. Each environment of this project has its own conformance command for that.
"""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from random import Random

from leap_kedro.environments.actions import is_listed, is_open
from leap_kedro.environments.completed import Completed
from leap_kedro.environments.core import Capability, capabilities
from leap_kedro.environments.protocol import (
    Benchmark,
    Environment,
    EnvironmentFailure,
    ExpertStuck,
    Observation,
    StepResult,
    TaskDataError,
)
from leap_kedro.records import Task

NO_ACTION = "no action at all"
_WALK = 12
_LEAST_FACT = 8  # characters of a fact that is looked for in an observation


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a benchmark violates.

    Attributes:
        rule: The rule.
        task: Id of the task that shows the violation; "" if it concerns no single task.
        detail: The observed behaviour.
        actions: The actions after the task's reset that show it, as few as were found.
    """

    rule: str
    task: str
    detail: str
    actions: tuple[str, ...] = ()


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
    plans = Capability.PLAN in capabilities(benchmark)
    rules = [_of_environment, _of_isolation, _of_facts, *([_of_oracle] if plans else [])]
    for task in tasks:
        try:
            for rule in rules:
                found += rule(benchmark, task, seed)
            for expert in experts:
                found += _of_expert(benchmark, task, expert, seed)
        except EnvironmentFailure as error:
            found.append(Violation("an environment answers as the protocol says", task.id, str(error), error.actions))
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
    same = "the same task and actions give the same answers"
    yield from _differing(same, task, actions, answers, _walk(benchmark, task, seed)[1])
    for place, (action, answer) in enumerate(zip(actions, answers[1:], strict=True), start=1):
        if isinstance(answer, StepResult) and not answer.accepted:
            yield Violation("a listed action is accepted", task.id, action, tuple(actions[:place]))
        if isinstance(answer, StepResult) and not 0 <= answer.score <= 1:
            yield Violation("a score is between 0 and 1", task.id, f"{answer.score}", tuple(actions[:place]))
    environment = benchmark.environment()
    before = environment.reset(task)
    if before.admissible is None:
        return
    refused = environment.step(NO_ACTION)
    if refused.accepted or refused.observation.admissible != before.admissible or refused.done:
        rule = "an action that is not executable is refused and changes nothing"
        yield Violation(rule, task.id, "it was accepted, or other actions are listed now", (NO_ACTION,))


def _differing(
    rule: str,
    task: Task,
    actions: Sequence[str],
    answers: Sequence[Observation | StepResult],
    others: Sequence[Observation | StepResult],
) -> Iterator[Violation]:
    """The first answer that differs."""
    for place, (one, other) in enumerate(zip_longest(answers, others)):
        if one != other:
            yield Violation(rule, task.id, f"{_brief(one)}, then {_brief(other)}", tuple(actions[:place]))
            return


def _brief(answer: Observation | StepResult | None) -> str:
    return repr(answer)[:300]


def _of_isolation(benchmark: Benchmark, task: Task, seed: int) -> Iterator[Violation]:
    """Another environment is reset and stepped between all answers."""
    actions, answers = _walk(benchmark, task, seed)
    environment, other = benchmark.environment(), benchmark.environment()
    again: list[Observation | StepResult] = [environment.reset(task)]
    other.reset(task)
    for place, action in enumerate(actions):
        again.append(environment.step(action))
        other.reset(task)
        for earlier in actions[: (place * 7) % (len(actions))]:
            other.step(earlier)
    rule = "two environments at once do not influence each other"
    yield from _differing(rule, task, actions, answers, again)


def _of_facts(benchmark: Benchmark, task: Task, seed: int) -> Iterator[Violation]:
    """No fact is shown word for word before anything was done."""
    if not isinstance(benchmark, Completed):
        return
    facts = benchmark.privileged(task).facts
    opening = benchmark.environment().reset(task).text
    for fact in facts:
        if len(fact) >= _LEAST_FACT and fact in opening:
            yield Violation("privileged facts are not in an observation", task.id, fact[:300])
            return


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
    if isinstance(benchmark, Completed):
        yield from _falling(environment, benchmark, task, state.plan)
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


def _falling(environment: Environment, benchmark: Benchmark, task: Task, plan: Sequence[str]) -> Iterator[Violation]:
    """A plan of another package need not be the shortest, but it leads to the goal."""
    oracle, score, before = benchmark.oracle(), 0.0, len(plan)
    for place, action in enumerate(plan, start=1):
        (after,) = oracle.lookahead(environment, [action])
        if after is None or after >= before:
            yield Violation("costs fall along a plan", task.id, f"{before}, then {after}", tuple(plan[:place]))
            return
        score, before = environment.step(action).score, after
    if plan and score < 1:
        yield Violation("a plan reaches the goal", task.id, f"score {score}", tuple(plan))


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
