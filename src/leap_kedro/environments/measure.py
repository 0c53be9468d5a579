"""Measures the speed of a benchmark and the success rates of players without training.

    python -m leap_kedro.environments.measure NAME --split SPLIT [--tasks 100] [--seed 0] [--caps 20 30 50]
        [--players random planner EXPERT "do:ls;submit" ...] [--seconds 3] [--options JSON]

Players: ``random`` takes any listed action and fills words of the goal into open ones; ``planner`` follows the
oracle's plan; ``do:`` is followed by actions, separated by semicolons, in which ``{goal}`` stands for the goal; any
other name is that of an expert. Success is the share of tasks solved within each cap on actions. Scores are out of 100.
An expert that is stuck counts as having used the highest cap. Speed is the number of random steps per second of
processor time, resets included; it is measured for environments that list their actions.
"""

import argparse
import json
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from leap_kedro.environments.actions import filled, is_open, plain_words
from leap_kedro.environments.protocol import (
    Benchmark,
    Environment,
    EnvironmentSpec,
    ExpertStuck,
    Observation,
    StepResult,
)
from leap_kedro.environments.registry import REGISTERED, make_benchmark
from leap_kedro.records import Task, UserError

_EPISODE = 30  # steps of random play between two resets
_MAX_WORDS = 4  # of the goal, in an open action

Actions = Generator[str, StepResult, None]
"""Yields a player's actions and receives the result of each."""


@dataclass(frozen=True, slots=True)
class Played:
    """The result of a player on a task.

    Attributes:
        score: The final score.
        actions: Number of actions.
    """

    score: float
    actions: int

    def solved(self, cap: int) -> bool:
        """Whether the task was solved within `cap` actions."""
        return self.score >= 1 and self.actions <= cap


def play(benchmark: Benchmark, tasks: Sequence[Task], player: str, cap: int) -> list[Played]:
    """The results of a player on each task, within `cap` actions.

    Raises:
        UnknownExpert: If there is no player of that name.
        EnvironmentFailure: If the environment breaks.
    """
    environment = benchmark.environment()
    return [_play(environment, task, _actions(benchmark, player, environment, task), cap) for task in tasks]


def _play(environment: Environment, task: Task, actions: Actions, cap: int) -> Played:
    score, count = 0.0, 0
    try:
        action = next(actions)
        while count < cap:
            result = environment.step(action)
            score, count = result.score, count + 1
            if result.done:
                break
            action = actions.send(result)
    except ExpertStuck:
        count = cap
    except StopIteration:
        pass
    return Played(score, count)


def _actions(benchmark: Benchmark, player: str, environment: Environment, task: Task) -> Actions:
    seen = environment.reset(task)
    if player == "random":
        rng = Random(task.id)
        while seen.admissible:
            seen = (yield _random_action(seen, task, rng)).observation
    elif player == "planner":
        for action in benchmark.oracle().state(environment).plan:
            yield action
    elif player.startswith("do:"):
        for action in player.removeprefix("do:").split(";"):
            yield action.strip().replace("{goal}", task.goal)
    else:
        expert = benchmark.expert(player)
        expert.start(seen.text)
        while True:
            action = expert.decide().action
            expert.observe(action, (yield action).observation.text)


def _random_action(seen: Observation, task: Task, rng: Random) -> str:
    action = rng.choice(seen.admissible or ("",))
    words = plain_words(task.goal)
    return filled(action, " ".join(rng.sample(words, min(_MAX_WORDS, len(words))))) if is_open(action) else action


def steps_per_second(benchmark: Benchmark, tasks: Sequence[Task], seconds: float) -> float:
    """Random steps per second of processor time, without the resets; 0 if no actions are listed or no time is given."""
    environment, rng = benchmark.environment(), Random(0)
    steps, spent = 0, 0.0
    while spent < seconds:
        task = rng.choice(tasks)
        seen = environment.reset(task)
        if seen.admissible is None:
            return 0.0
        start = time.process_time()
        for _ in range(_EPISODE):
            result = environment.step(_random_action(seen, task, rng))
            seen, steps = result.observation, steps + 1
            if result.done:
                break
        spent += time.process_time() - start
    return steps / spent if spent else 0.0


def _row(player: str, played: Sequence[Played], caps: Sequence[int]) -> str:
    shares = "".join(f"{fmean(each.solved(cap) for each in played):>8.1%} " for cap in caps)
    return f"{player:<20}{shares}{100 * fmean(p.score for p in played):>8.1f}{fmean(p.actions for p in played):>14.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 2 if the measurement failed."""
    parser = argparse.ArgumentParser(description="Speed of a benchmark and success rates of players without training.")
    parser.add_argument("name", help=f"one of {', '.join(REGISTERED)}")
    parser.add_argument("--split", required=True)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="seed of the tasks that are drawn or generated")
    parser.add_argument("--caps", type=int, nargs="+", default=[30], help="caps on actions")
    parser.add_argument("--players", nargs="*", default=["random", "planner"], help="random, planner, do:..., experts")
    parser.add_argument("--seconds", type=float, default=3.0, help="processor seconds of random play")
    parser.add_argument("--options", type=json.loads, default={}, help="options of the environment, as JSON")
    given = parser.parse_args(arguments)
    for option, least in (("--tasks", given.tasks), ("--caps", min(given.caps))):
        if least < 1:
            parser.error(f"{option}: at least 1, not {least}")
    try:
        benchmark = make_benchmark(EnvironmentSpec(given.name, given.options))
        tasks = benchmark.tasks(given.split, given.tasks, given.seed)
        speed = steps_per_second(benchmark, tasks, given.seconds)
        print(f"{len(tasks)} tasks of {given.split}, seed {given.seed}" + (f", steps/s {speed:.0f}" if speed else ""))
        print(f"{'player':<20}" + "".join(f"{f'<= {cap}':>9}" for cap in given.caps) + f"{'score':>8}{'actions':>14}")
        for player in given.players:
            print(_row(player, play(benchmark, tasks, player, max(given.caps)), given.caps))
    except (UserError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
