"""Replays recorded answers of TextWorld on the native engine.

    python -m leap_kedro.environments.alfworld.tools.conformance TRACES.jsonl.xz --games FOLDER

A recording is one line of JSON per game: its name ("<split>/<task>/<trial>"), the text version, the first observation
and admissible commands, and for each action the resulting observation, admissible commands in order, score and end.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import Problem, TextVersion
from leap_kedro.environments.alfworld.engine.text import HELP
from leap_kedro.environments.alfworld.tasks.games import DATA_FOLDER, GAME_FILE, load_game
from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.recordings import Difference, compare, read_recordings, require

_SHOWN = 5
_KEYS = frozenset({"game", "text_version", "intro", "admissible0", "steps"})
_STEP_KEYS = frozenset({"action", "observation", "admissible", "score", "done"})


def parse_recording(line: str) -> Mapping[str, Any]:
    """The recording in a line. Raises `ValueError` if it is malformed."""
    recording: dict[str, Any] = json.loads(line)
    require(recording, _KEYS)
    if not isinstance(recording["steps"], list):
        raise ValueError("its steps are not a list")
    for step in recording["steps"]:
        require(step, _STEP_KEYS)
    TextVersion(recording["text_version"])
    return recording


def replay(recording: Mapping[str, Any], problem: Problem) -> list[Difference]:
    """Replay a recording's actions and compare every answer."""
    game, name = Game(problem), recording["game"]
    start = {"observation": recording["intro"], "admissible": recording["admissible0"]}
    found = compare(name, 0, "", start, {"observation": game.reset(), "admissible": list(game.admissible())})
    for number, step in enumerate(recording["steps"], start=1):
        observation, score, done, _ = game.step(step["action"])
        native = {"observation": observation, "admissible": list(game.admissible()), "score": score, "done": done}
        found += compare(name, number, step["action"], step, native)
    return found


def recorded_problem(recording: Mapping[str, Any], games: Path) -> Problem:
    """The game of a recording in the text version of the recording.

    Files of 2.1.1 were recorded as 2.1.2 by patching their grammar. In the patch, the line ends in the answer to
    ``help`` are a backslash and an n, which TextWorld shows unchanged; files of 2.1.2 have their own answer.

    Raises:
        TaskDataError: If the game's file is missing or malformed.
    """
    problem = load_game(games / DATA_FOLDER / recording["game"] / GAME_FILE)
    version = TextVersion(recording["text_version"])
    if version is problem.text_version:
        return problem
    return replace(problem, text_version=version, help_text=HELP.replace("\n", "\\n"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print counts and the first differences; 0 if there are none, 2 if a file cannot be read."""
    parser = argparse.ArgumentParser(description="Replay recorded answers of TextWorld on the native ALFWorld engine.")
    parser.add_argument("traces", type=Path, nargs="+", help="recordings, JSON lines, plain or .xz")
    parser.add_argument("--games", type=Path, required=True, help=f"folder that contains {DATA_FOLDER}/")
    options = parser.parse_args(arguments)
    games = steps = 0
    differences: list[Difference] = []
    try:
        for path in options.traces:
            for recording in read_recordings(path, parse_recording):
                differences += replay(recording, recorded_problem(recording, options.games))
                games += 1
                steps += len(recording["steps"])
    except TaskDataError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"games {games} steps {steps} differences {len(differences)}")
    print(*differences[:_SHOWN], sep="\n", end="\n" if differences else "")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
