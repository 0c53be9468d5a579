"""Speed of the native engine.

    python -m leap_kedro.environments.alfworld.tools.speed [--games FOLDER]

Plays at random on one core: every step lists the admissible commands and carries one of them out, with its observation;
an episode has 50 steps and starts with a reset. Building the games is not counted. Seconds are those of the processor
that the process got, so that other work on the machine does not show.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.environment import problem_of
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions, OnMalformed
from leap_kedro.environments.alfworld.tasks.games import DATA_FOLDER, SPLITS
from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.sources import Source

_EPISODE = 50


def some_games(folder: Path | None, number: int) -> list[Game]:
    """Games of the smallest split under `folder`, or generated ones where it is None.

    Raises:
        TaskDataError: If there are no games under `folder`.
    """
    if folder is None:
        options, split = ALFWorldOptions(), "train"
    else:
        options = ALFWorldOptions(source=Source.OFFICIAL, data_root=folder, on_malformed=OnMalformed.SKIP)
        split = next((name for name in reversed(SPLITS) if (folder / DATA_FOLDER / name).is_dir()), SPLITS[0])
    return [Game(problem_of(task, folder)) for task in ALFWorld(options).tasks(split, number, seed=0)]


def steps_per_second(games: Sequence[Game], seconds: float) -> float:
    """Steps a processor second of random play with the admissible list."""
    random = Random(0)
    steps = 0
    start = time.process_time()
    while time.process_time() - start < seconds:
        game = games[steps // _EPISODE % len(games)]
        game.reset()
        for _ in range(_EPISODE):
            game.step(random.choice(game.admissible()))
        steps += _EPISODE
    return steps / (time.process_time() - start)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed of random play on the native ALFWorld engine.")
    parser.add_argument("--games", type=Path, help=f"folder that holds {DATA_FOLDER}/ (default: generated games)")
    parser.add_argument("--seconds", type=float, default=3.0, help="processor seconds to play")
    options = parser.parse_args(arguments)
    try:
        games = some_games(options.games, number=100)
    except TaskDataError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"steps/s {steps_per_second(games, options.seconds):.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
