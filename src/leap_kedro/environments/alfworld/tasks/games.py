"""Finds and reads the official games, with precise errors.

`alfworld-download` creates ``json_2.1.1/<split>/<task>/<trial>/{game.tw-pddl,traj_data.json}`` in ``$ALFWORLD_DATA``.
As in the package's `AlfredTWEnv`, a game counts if both files exist, ALFWorld could solve it, and its path contains
neither "movable" nor "Sliced". `AlfredTWEnv` lists games in the order of the file system; here they are sorted by the
names of their task and trial folders.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leap_kedro.environments.alfworld.engine.problem import Problem, TextVersion
from leap_kedro.environments.alfworld.tasks.pddl import ProblemError, parse_problem
from leap_kedro.environments.protocol import TaskDataAbsent, TaskDataError

DATA_FOLDER = "json_2.1.1"
GAME_FILE = "game.tw-pddl"
SPLITS = ("train", "valid_seen", "valid_unseen")

_GET_DATA = "Get the games with `pip install alfworld` and `alfworld-download`"
_TASK = re.compile(r'"Your task is to: ([^"]+)"')
_HELP_RULE = re.compile(r'"help\.feedback"\s*:\s*\[\s*\{\s*"rhs"\s*:\s*("(?:[^"\\]|\\.)*")')
_HELP_ACTION = re.compile(r'action help \{[^{}]*?feedback :: "([^"#]*)"')


class MalformedGame(ValueError):
    """A game file cannot be read; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class GameSummary:
    """An entry in the list of games.

    Attributes:
        task: Name of its task folder.
        trial: Name of its trial folder.
        kind: Task type, named as in the official data.
        goal: Task sentence.
        text_version: Version of its texts.
    """

    task: str
    trial: str
    kind: str
    goal: str
    text_version: TextVersion


def data_root(folder: Path | None) -> Path:
    """The folder that contains ``json_2.1.1/``: `folder` or ``$ALFWORLD_DATA``. Raises `TaskDataError` without both."""
    if folder is not None:
        return folder.expanduser()
    if not os.environ.get("ALFWORLD_DATA"):
        raise TaskDataAbsent(
            "The official ALFWorld games were requested, but the environment variable ALFWORLD_DATA is not set. "
            f"{_GET_DATA}, then set ALFWORLD_DATA to the folder that contains {DATA_FOLDER}/ "
            "(or the option `data_root`)."
        )
    return Path(os.environ["ALFWORLD_DATA"]).expanduser()


def split_folder(root: Path, split: str) -> Path:
    """The folder of a split.

    Raises:
        TaskDataError: If there is no such split or no such folder.
    """
    if split not in SPLITS:
        raise TaskDataError(f"The official ALFWorld data has no split '{split}'; its splits: {', '.join(SPLITS)}.")
    folder = root / DATA_FOLDER / split
    if not folder.is_dir():
        raise TaskDataAbsent(
            f"No ALFWorld games: the folder {folder} does not exist. {_GET_DATA}, and set ALFWORLD_DATA (or the option "
            f"`data_root`), now {root}, to the folder that contains {DATA_FOLDER}/."
        )
    return folder


def game_files(folder: Path) -> Iterator[tuple[str, str, os.stat_result]]:
    """Task folder, trial folder and file status of all game files of a split in order, solvable or not."""
    for task in sorted(_folders(str(folder))):
        if "movable" in task or "Sliced" in task:
            continue
        for trial in sorted(_folders(f"{folder}/{task}")):
            try:
                status = os.stat(f"{folder}/{task}/{trial}/{GAME_FILE}")
                os.stat(f"{folder}/{task}/{trial}/traj_data.json")
            except FileNotFoundError:
                continue
            yield task, trial, status


def _folders(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_dir()]


def summarize(folder: Path, task: str, trial: str) -> GameSummary | None:
    """The summary of a game; None if it is not known to be solvable. Raises `MalformedGame` if it cannot be read."""
    data = _read(folder / task / trial / GAME_FILE)
    if not data.get("solvable"):
        return None
    problem = _problem(data)
    return GameSummary(task, trial, problem.goal.task_type.value, problem.task, problem.text_version)


def load_game(path: Path) -> Problem:
    """The game of a file.

    Raises:
        TaskDataError: If the file is missing or malformed.
    """
    try:
        return _problem(_read(path))
    except FileNotFoundError as error:
        raise TaskDataAbsent(f"The ALFWorld game {path} does not exist. {_GET_DATA}.") from error
    except (MalformedGame, OSError) as error:
        raise malformed(path, str(error)) from error


def malformed(path: Path, why: str, others: int = 0) -> TaskDataError:
    """The error about a malformed game file (and `others` more)."""
    more = f" ({others} more files are malformed, too)" if others else ""
    return TaskDataError(
        f"The ALFWorld game {path} is malformed: {why}{more}. Get the file again with `alfworld-download -f`, or leave "
        "malformed games out with the option `on_malformed: skip`."
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested too deeply
        raise MalformedGame(f"it is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise MalformedGame(f"it contains a {type(data).__name__} instead of an object")
    return data


def _problem(data: Mapping[str, Any]) -> Problem:
    """The game in the content of a file. Raises `MalformedGame` if there is none."""
    pddl, grammar = _text(data, "pddl_problem"), _text(data, "grammar")
    try:
        problem = parse_problem(pddl, _text_version(grammar), _task_sentence(grammar))
    except ProblemError as error:
        raise MalformedGame(str(error)) from error
    return replace(problem, help_text=_help_text(grammar))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise MalformedGame(f"it has no text under '{key}'")
    return value


def _task_sentence(grammar: str) -> str:
    found = _TASK.search(grammar)
    if found is None:
        raise MalformedGame("its grammar has no line 'Your task is to: ...'")
    return found[1]


def _text_version(grammar: str) -> TextVersion:
    if "move {o} to {r}" in grammar:
        return TextVersion.V2_1_2
    if "put {o} in/on {r}" in grammar:
        return TextVersion.V2_1_1
    raise MalformedGame("its grammar is of no known text version (neither 'put {o} in/on {r}' nor 'move {o} to {r}')")


def _help_text(grammar: str) -> str | None:
    """The grammar's own answer to ``help``; TextWorld drops its leading white space."""
    rule = _HELP_RULE.search(grammar)
    if rule is not None:
        try:
            return str(json.loads(rule[1])).lstrip()
        except ValueError as error:
            raise MalformedGame(f"the text of help.feedback in its grammar cannot be read ({error})") from error
    action = _HELP_ACTION.search(grammar)
    return action[1].lstrip() if action is not None else None
