"""How well those play who need no training: random actions, the searchers, and the privileged planner.

    python -m leap_kedro.environments.alfworld.tools.players --split valid_seen --caps 20 30 50 [--games FOLDER]

Success is the share of tasks solved within each cap on actions; mean actions counts a task not solved as the highest
cap. FOLDER holds ``json_2.1.1/``; without it, games are generated.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.environments.alfworld.teaching.experts import ORDERS
from leap_kedro.environments.protocol import Environment, ExpertStuck, Observation, Oracle, TaskDataError
from leap_kedro.environments.sources import Source
from leap_kedro.records import Task

Player = Callable[[Environment, Observation, Task, int], int | None]
"""Plays a task that was reset, within a cap; the number of actions that it took, None if it did not solve it."""


def play_random(environment: Environment, seen: Observation, task: Task, cap: int) -> int | None:
    """Random admissible actions, seeded by the task."""
    dice = Random(task.id)
    for taken in range(1, cap + 1):
        result = environment.step(dice.choice(seen.admissible or ("look",)))
        seen = result.observation
        if result.done:
            return taken
    return None


def searcher_player(benchmark: ALFWorld, name: str) -> Player:
    """A player that follows a searcher, by the text alone."""

    def play(environment: Environment, seen: Observation, task: Task, cap: int) -> int | None:
        expert = benchmark.expert(name)
        expert.start(seen.text)
        for taken in range(1, cap + 1):
            try:
                action = expert.decide().action
            except ExpertStuck:
                return None
            result = environment.step(action)
            expert.observe(action, result.observation.text)
            if result.done:
                return taken
        return None

    return play


def planner_player(oracle: Oracle) -> Player:
    """A player that follows the oracle's plan."""

    def play(environment: Environment, seen: Observation, task: Task, cap: int) -> int | None:
        plan = oracle.state(environment).plan
        for taken, action in enumerate(plan[:cap], start=1):
            if environment.step(action).done:
                return taken
        return None

    return play


def results(benchmark: ALFWorld, tasks: Sequence[Task], cap: int) -> dict[str, list[int | None]]:
    """Actions that each player took on each task (None: not solved within `cap`)."""
    players: dict[str, Player] = {"random": play_random}
    players |= {name: searcher_player(benchmark, name) for name in ORDERS}
    players["planner"] = planner_player(benchmark.oracle())
    environment = benchmark.environment()
    return {
        name: [play(environment, environment.reset(task), task, cap) for task in tasks]
        for name, play in players.items()
    }


def table(taken: dict[str, list[int | None]], caps: Sequence[int]) -> str:
    """The results as lines of text: success at each cap, mean actions at the highest."""
    lines = [f"{'player':<10}" + "".join(f"{f'<= {cap}':>9}" for cap in caps) + f"{'mean actions':>15}"]
    for name, actions in taken.items():
        shares = [sum(n is not None and n <= cap for n in actions) / len(actions) for cap in caps]
        mean = sum(max(caps) if n is None else n for n in actions) / len(actions)
        lines.append(f"{name:<10}" + "".join(f"{share:>8.1%} " for share in shares) + f"{mean:>15.1f}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print."""
    parser = argparse.ArgumentParser(description="Success of random play, the searchers and the planner.")
    parser.add_argument("--split", default="valid_seen", help="train, valid_seen or valid_unseen")
    parser.add_argument("--count", type=int, default=140, help="number of tasks")
    parser.add_argument("--games", type=Path, help="folder that holds json_2.1.1/ (default: generated games)")
    parser.add_argument("--caps", type=int, nargs="+", default=[20, 30, 50], help="caps on actions")
    parser.add_argument("--seed", type=int, default=0, help="seed of the tasks that are drawn or generated")
    chosen = parser.parse_args(arguments)
    for option, least in (("--count", chosen.count), ("--caps", min(chosen.caps))):
        if least < 1:
            parser.error(f"{option}: at least 1, not {least}")
    source = Source.GENERATED if chosen.games is None else Source.OFFICIAL
    benchmark = ALFWorld(ALFWorldOptions(source=source, data_root=chosen.games))
    try:
        tasks = benchmark.tasks(chosen.split, chosen.count, chosen.seed)
    except TaskDataError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(tasks)} {source.value} tasks of {chosen.split}, seed {chosen.seed}")
    print(table(results(benchmark, tasks, max(chosen.caps)), chosen.caps))
    return 0


if __name__ == "__main__":
    sys.exit(main())
