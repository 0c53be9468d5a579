"""Speed and difficulty of the native shop.

    python -m leap_kedro.environments.webshop.tools.speed [--catalogue FOLDER]

Speed: random play on one core, each step with its page and its list of actions; opening the shop is not counted.
Seconds are those of the processor that the process got. Difficulty: how much three players that need no training win.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean

from leap_kedro.environments.actions import filled, is_open
from leap_kedro.environments.protocol import Environment, TaskDataError
from leap_kedro.environments.sources import Source
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.parameters import WebShopOptions
from leap_kedro.records import Task

ORIGINAL = (12, 25)
"""Steps a second of the original on its 1,000 products (facts measured on 2 cores in November 2026)."""

_EPISODE = 15
_WORDS = 4


def steps_per_second(environment: Environment, tasks: Sequence[Task], seconds: float) -> float:
    """Steps a processor second of random play: a search with words of the instruction, then anything listed."""
    dice = Random(0)
    steps, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        task = dice.choice(tasks)
        listed = environment.reset(task).admissible or ()
        for _ in range(_EPISODE):
            action = dice.choice(listed)
            if is_open(action):
                words = task.goal.lower().replace("[", " ").replace("]", " ").split()
                action = filled(action, " ".join(dice.sample(words, min(_WORDS, len(words)))))
            result = environment.step(action)
            steps += 1
            listed = result.observation.admissible or ()
            if result.done:
                break
    return steps / (time.process_time() - start)


def outcome(benchmark: WebShop, tasks: Sequence[Task], player: str, max_actions: int) -> tuple[float, float, float]:
    """Success, mean score and mean actions of ``planner`` or of an expert by name."""
    environment, oracle = benchmark.environment(), benchmark.oracle()
    scores, actions = [], []
    for task in tasks:
        seen = environment.reset(task)
        expert = None if player == "planner" else benchmark.expert(player)
        if expert:
            expert.start(seen.text)
        score, count = 0.0, 0
        while count < max_actions:
            action = expert.decide().action if expert else next(iter(oracle.state(environment).plan), "")
            if not action:
                break
            result = environment.step(action)
            count, score = count + 1, result.score
            if result.done:
                break
            if expert:
                expert.observe(action, result.observation.text)
        scores.append(score)
        actions.append(count)
    return fmean(score >= 1.0 for score in scores), fmean(scores), fmean(actions)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed and difficulty of the native WebShop.")
    parser.add_argument("--catalogue", type=Path, help="folder of the official files (default: generated shops)")
    parser.add_argument("--seconds", type=float, default=3.0, help="processor seconds to play")
    parser.add_argument("--tasks", type=int, default=200, help="goals for the three players")
    parser.add_argument("--max-actions", type=int, default=30, help="cap on actions of the three players")
    options = parser.parse_args(arguments)
    if options.tasks < 1:
        parser.error(f"--tasks: at least 1, not {options.tasks}")
    if options.catalogue:
        chosen = WebShopOptions(source=Source.OFFICIAL, data_root=options.catalogue)
    else:
        chosen = WebShopOptions()
    benchmark = WebShop(chosen)
    try:
        tasks = benchmark.tasks("test", options.tasks, 0)
        speed = steps_per_second(benchmark.environment(), tasks, options.seconds)
    except TaskDataError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"steps/s {speed:.0f} (the original: {ORIGINAL[0]} to {ORIGINAL[1]})")
    for player in ("planner", "careful", "steady", "greedy"):
        success, score, actions = outcome(benchmark, tasks, player, options.max_actions)
        print(
            f"{player}: success {100 * success:.1f} % of {len(tasks)}, score {100 * score:.1f}, "
            f"actions {actions:.1f} (at most {options.max_actions})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
