"""Replays recorded answers of TextWorld on the native engine.

    python -m leap_kedro.environments.alfworld.tools.conformance TRACES.jsonl.xz --games FOLDER

A recording is one line of JSON a game: its name ("<split>/<task>/<trial>"), the text version, the first observation and
admissible commands, and for each action the observation, admissible commands in order, score and end that followed.
"""

import argparse
import json
import lzma
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import Problem, TextVersion
from leap_kedro.environments.alfworld.engine.text import HELP
from leap_kedro.environments.alfworld.tasks.games import DATA_FOLDER, GAME_FILE, load_game
from leap_kedro.environments.protocol import TaskDataError

_SHOWN = 5
_KEYS = frozenset({"game", "text_version", "intro", "admissible0", "steps"})
_STEP_KEYS = frozenset({"action", "observation", "admissible", "score", "done"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the native engine answers otherwise.

    Attributes:
        game: Name of the game.
        step: Number of the action that it answers, from 1; 0 for the start.
        action: The action; "" for the start.
        what: What differs.
        recorded: What TextWorld answered.
        native: What the native engine answers.
    """

    game: str
    step: int
    action: str
    what: str
    recorded: object
    native: object


def read_recordings(path: Path) -> Iterator[Mapping[str, Any]]:
    """The recordings of a file of JSON lines, plain or compressed (``.xz``).

    Raises:
        TaskDataError: If the file cannot be read, or has none.
    """
    opener = lzma.open if path.suffix == ".xz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                number += 1
                yield _recording(line)
    except (OSError, ValueError, EOFError, lzma.LZMAError) as error:
        place = f"line {number}: " if isinstance(error, ValueError) else ""
        raise TaskDataError(f"The recordings {path} cannot be read: {place}{error}") from error
    if not number:
        raise TaskDataError(f"The file {path} has no recordings in it.")


def _recording(line: str) -> Mapping[str, Any]:
    """The recording in a line. Raises `ValueError` if it is none."""
    recording = json.loads(line)
    if not isinstance(recording, dict) or not isinstance(recording.get("steps", []), list):
        raise ValueError("not an object with a list of steps")
    for part, keys in ((recording, _KEYS), *((step, _STEP_KEYS) for step in recording.get("steps", []))):
        missing = keys - part.keys() if isinstance(part, dict) else keys
        if missing:
            raise ValueError(f"without {', '.join(sorted(missing))}")
    TextVersion(recording["text_version"])
    return recording


def replay(recording: Mapping[str, Any], problem: Problem) -> list[Difference]:
    """Play a recording's actions and compare every answer."""
    game = Game(problem)
    found: list[Difference] = []

    def compare(step: int, action: str, recorded: Mapping[str, object], native: Mapping[str, object]) -> None:
        found.extend(
            Difference(recording["game"], step, action, what, recorded[what], native[what])
            for what in native
            if recorded[what] != native[what]
        )

    start = {"observation": recording["intro"], "admissible": recording["admissible0"]}
    compare(0, "", start, {"observation": game.reset(), "admissible": list(game.admissible())})
    for number, step in enumerate(recording["steps"], start=1):
        observation, score, done, _ = game.step(step["action"])
        native = {"observation": observation, "admissible": list(game.admissible()), "score": score, "done": done}
        compare(number, step["action"], step, native)
    return found


def recorded_problem(recording: Mapping[str, Any], games: Path) -> Problem:
    """The game that a recording was made with, in the text version that it was made in.

    Files of 2.1.1 were recorded as 2.1.2 by patching their grammar. The patch spelt the line ends in the answer to
    ``help`` with a backslash and an n, which TextWorld shows as such; files of 2.1.2 have an answer of their own.

    Raises:
        TaskDataError: If the game's file is missing or malformed.
    """
    problem = load_game(games / DATA_FOLDER / recording["game"] / GAME_FILE)
    version = TextVersion(recording["text_version"])
    if version is problem.text_version:
        return problem
    return replace(problem, text_version=version, help_text=HELP.replace("\n", "\\n"))


def _report(differences: Iterable[Difference]) -> str:
    return "\n".join(
        f"{found.game}, step {found.step} ({found.action!r}): {found.what} differs\n"
        f"  recorded: {found.recorded!r}\n"
        f"  native:   {found.native!r}"
        for found in differences
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print the counts and the first differences; 0 if there is none."""
    parser = argparse.ArgumentParser(description="Replay recorded answers of TextWorld on the native ALFWorld engine.")
    parser.add_argument("traces", type=Path, nargs="+", help="recordings, JSON lines, plain or .xz")
    parser.add_argument("--games", type=Path, required=True, help=f"folder that holds {DATA_FOLDER}/")
    options = parser.parse_args(arguments)
    games = steps = 0
    differences: list[Difference] = []
    try:
        for path in options.traces:
            for recording in read_recordings(path):
                differences += replay(recording, recorded_problem(recording, options.games))
                games += 1
                steps += len(recording["steps"])
    except TaskDataError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"games {games} steps {steps} differences {len(differences)}")
    if differences:
        print(_report(differences[:_SHOWN]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
