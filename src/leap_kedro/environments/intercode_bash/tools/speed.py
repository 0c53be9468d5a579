"""What a command costs beside a bare ``bwrap true``, and what players win on generated tasks.

    python -m leap_kedro.environments.intercode_bash.tools.speed [--tasks 150] [--split test] [--seed 0]

Times are medians of runs that take turns, in milliseconds; the ratio is what counts. Players: ``nothing`` submits at
once, ``ls`` and ``query`` run that and submit, ``novice`` and ``fluent`` are the unprivileged experts, ``gold`` knows
all.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import fmean, median

from rich.console import Console
from rich.table import Table

from leap_kedro.environments.intercode_bash.benchmark import GENERATED_SPLITS, InterCodeBash
from leap_kedro.environments.intercode_bash.engine.runtime import runtime_of
from leap_kedro.environments.intercode_bash.engine.sandbox.bubblewrap import BubblewrapHost, unprivileged
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import NoSandbox
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of
from leap_kedro.environments.intercode_bash.environment import SUBMIT, InterCodeBashEnvironment
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.records import Task

_ROUNDS = 60
_MOST_ACTIONS = 10


def costs(host: BubblewrapHost) -> dict[str, float]:
    """Milliseconds of a bare ``bwrap true``, of a command, of putting the tree back, of reading the changes."""
    sandbox = host.open(tree_of({f"atlas/file{number}.txt": "some words\n" * 100 for number in range(30)}))
    command = ["bash", "-c", "true"]
    change = ["bash", "-c", "rm /atlas/file1.txt; echo x > /atlas/new.txt"]
    sandbox.exec(command, "/")
    taken: dict[str, list[float]] = {"bwrap true": [], "command": [], "changes": [], "reset": []}

    def timed(what: str, run: Callable[[], object]) -> None:
        start = time.perf_counter()
        run()
        taken[what].append(1000 * (time.perf_counter() - start))

    bare = [*unprivileged(), str(host.program.path), "--unshare-all", "--ro-bind", "/", "/", "true"]
    for _ in range(_ROUNDS):
        timed("bwrap true", lambda: subprocess.run(bare, check=True))
        timed("command", lambda: sandbox.exec(command, "/"))
        sandbox.exec(change, "/")
        timed("changes", sandbox.changes)
        timed("reset", sandbox.reset)
    sandbox.close()
    return {what: median(times) for what, times in taken.items()}


def play(benchmark: InterCodeBash, tasks: Sequence[Task], player: str) -> tuple[float, float, float]:
    """Success and mean score in per cent, and mean actions, of a player."""
    scores, actions = [], 0
    for task in tasks:
        environment = benchmark.environment()
        if not isinstance(environment, InterCodeBashEnvironment):
            raise TypeError(type(environment).__name__)
        text = environment.reset(task).text
        if player in ("novice", "fluent"):
            expert = benchmark.expert(player)
            expert.start(text)
            for _ in range(_MOST_ACTIONS):
                action = expert.decide().action
                result = environment.step(action)
                actions += 1
                if result.done:
                    break
                expert.observe(action, result.observation.text)
        else:
            commands = {"nothing": [], "ls": ["ls"], "query": [task.goal], "gold": [environment.problem.gold]}[player]
            for action in [*commands, SUBMIT]:
                result = environment.step(action)
                actions += 1
        scores.append(result.score)
        environment.close()
    return 100 * fmean(score >= 1 for score in scores), 100 * fmean(scores), actions / len(tasks)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 2 if no sandbox works."""
    parser = argparse.ArgumentParser(description="Costs of a command, and what players win on generated tasks.")
    parser.add_argument("--tasks", type=int, default=150)
    parser.add_argument("--split", default="test", choices=GENERATED_SPLITS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    console = Console()
    options = InterCodeBashOptions()
    try:
        host = runtime_of(options).host
    except NoSandbox as error:
        print(error, file=sys.stderr)
        return 2
    if isinstance(host, BubblewrapHost):
        found = costs(host)
        table = Table(
            "what", "ms", "times bwrap true", title=f"{host.program.path.name}, overlays: {host.program.overlays}"
        )
        for what, milliseconds in found.items():
            table.add_row(what, f"{milliseconds:.1f}", f"{milliseconds / found['bwrap true']:.1f}")
        console.print(table)
    benchmark = InterCodeBash(options)
    tasks = benchmark.tasks(given.split, given.tasks, given.seed)
    table = Table(
        "player", "success %", "score", "actions", title=f"{len(tasks)} tasks of {given.split}, seed {given.seed}"
    )
    for player in ("nothing", "ls", "query", "novice", "fluent", "gold"):
        success, score, actions = play(benchmark, tasks, player)
        table.add_row(player, f"{success:.1f}", f"{score:.1f}", f"{actions:.1f}")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
