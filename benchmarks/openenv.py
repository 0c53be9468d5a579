"""Steps per second of an environment here and behind an OpenEnv server, side by side.

    python benchmarks/openenv.py [--environments NAME ...] [--episodes N] [--actions N] [--sessions N ...]

The server is `kedro leap serve` in a process of its own; this process plays through `environment=openenv`, with one
thread for each session. All ways play the same tasks with the same random actions, in turn. A step of the client costs
CPU time in both processes, so on a machine with one free core more sessions gain little.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from leap_kedro.environments.actions import filled, is_open
from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.records import Task

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("ls", "ls -la /", "find / -maxdepth 2 | head")
"""Actions of an environment that lists none."""
SPLITS = {"alfworld": "train", "webshop": "train", "intercode_bash": "eval"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What playing took: steps, seconds in all, and the median milliseconds of a reset and a step."""

    steps: int
    seconds: float
    reset: float
    step: float


@contextmanager
def served(name: str, sessions: int) -> Iterator[str]:
    """The address of a server, in a process of its own."""
    command = [sys.executable, "-m", "kedro", "leap", "serve", name, "--port=0", f"--sessions={sessions}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield next(line.split()[2].rstrip(",") for line in process.stdout or () if line.startswith(f"{name} at "))
        process.terminate()


def walked(benchmark: Benchmark, task: Task, actions: int) -> tuple[float, list[float]]:
    """Seconds of the reset, and of each step of a random walk."""
    environment, rng = benchmark.environment(), Random(task.id)
    begun = time.perf_counter()
    seen = environment.reset(task)
    reset, steps, words = time.perf_counter() - begun, [], seen.text.lower().split()
    for _ in range(actions):
        action = rng.choice(seen.admissible or COMMANDS)
        if is_open(action):
            action = filled(action, rng.choice(words))
        begun = time.perf_counter()
        result = environment.step(action)
        steps.append(time.perf_counter() - begun)
        seen = result.observation
        if result.done:
            break
    return reset, steps


def measured(benchmark: Benchmark, tasks: Sequence[Task], actions: int, threads: int) -> Measured:
    """Play the tasks, in so many threads."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        walks = list(pool.map(lambda task: walked(benchmark, task, actions), tasks))
    seconds = time.perf_counter() - begun
    steps = sorted(step for _, found in walks for step in found)
    resets = sorted(reset for reset, _ in walks)
    return Measured(len(steps), seconds, resets[len(resets) // 2] * 1e3, steps[len(steps) // 2] * 1e3)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Steps per second here and behind an OpenEnv server.")
    parser.add_argument("--environments", nargs="*", choices=list(SPLITS), default=list(SPLITS))
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--actions", type=int, default=30, help="at most, in each episode")
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 8])
    given = parser.parse_args()
    print("environment     where       steps   steps/s   ms/reset  ms/step")
    for name in given.environments:
        local, split = make_benchmark(EnvironmentSpec(name, {"source": "generated"})), SPLITS[name]
        # What is the same for all tasks (a shop, a sandbox) is loaded before.
        tasks = local.tasks(split, given.episodes, 0)
        measured(local, tasks[:1], given.actions, 1)
        rows = [("local", measured(local, tasks, given.actions, 1))]
        with served(name, max(given.sessions) + 2) as url:
            remote = make_benchmark(EnvironmentSpec("openenv", {"url": url}))
            same = remote.tasks(split, given.episodes, 0)
            rows += [(f"served x{each}", measured(remote, same, given.actions, each)) for each in given.sessions]
        for where, found in rows:
            rate = f"{found.steps / found.seconds:9,.0f} {found.reset:10.2f} {found.step:8.2f}"
            print(f"{name:15} {where:9} {found.steps:7} {rate}", flush=True)


if __name__ == "__main__":
    main()
