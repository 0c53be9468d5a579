"""The problems behind tasks: generated ones, and those of an InterCode checkout.

A checkout has the tasks of each file system in ``nl2bash_fs_N.json`` and a script ``setup_nl2b_fs_N.sh`` that creates
the file system. The script runs in a sandbox, and the resulting files are the tree. If ``fs_N.tar.xz`` exists, it is
read instead. File system 4 is the bare skeleton.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from leap_kedro.environments.intercode_bash.engine.reward import Quoting
from leap_kedro.environments.intercode_bash.engine.sandbox.layer import is_seen
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, SandboxHost
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Tree, read_tree
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.intercode_bash.tasks.generator import GeneratedTask, candidate
from leap_kedro.environments.protocol import TaskDataAbsent, TaskDataError
from leap_kedro.environments.sources import Source
from leap_kedro.records import Task

FILE_SYSTEMS: Mapping[str, tuple[int, ...]] = {"train": (1, 2), "test": (3, 4)}
"""The published splits."""
_BARE = 4
_TASKS = "nl2bash_fs_{number}.json"
_HELP = (
    "Get them by `git clone https://github.com/princeton-nlp/intercode` and set the variable "
    f"{InterCodeBashOptions.DATA_VARIABLE} (or the parameter `environments.intercode_bash.data_root`) to that folder."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A task with everything that is needed to play it.

    Attributes:
        query: The query.
        gold: A command that solves it; hidden from the student.
        tree: The initial file system.
        generated: The generated task; None for an official task.
    """

    query: str
    gold: str
    tree: Tree
    generated: GeneratedTask | None


def problem_of(task: Task, options: InterCodeBashOptions) -> Problem:
    """The problem of a task.

    Raises:
        TaskDataError: If its files are missing or malformed.
        KeyError, ValueError: If the payload is not that of an InterCode Bash task.
    """
    if task.payload["source"] == Source.OFFICIAL.value:
        number, index = int(task.payload["file_system"]), int(task.payload["index"])
        records = official_tasks(folder_of(options), number)
        if not 0 <= index < len(records):
            raise TaskDataError(f"{folder_of(options)} has no task {index} of file system {number}. {_HELP}")
        record = records[index]
        return Problem(record["query"], record["gold"], official_tree(folder_of(options), number, options), None)
    payload = task.payload
    made = candidate(str(payload["shown_split"]), int(payload["number"]), int(payload["seed"]))
    if made is None:
        raise ValueError(f"there is no generated task {dict(payload)}")
    return Problem(made.query, made.gold, made.made.tree, made)


def folder_of(options: InterCodeBashOptions) -> Path:
    """Folder of the official tasks. Raises `TaskDataAbsent` if there is none."""
    given = options.data_root or os.environ.get(options.DATA_VARIABLE)
    if not given or not Path(given).is_dir():
        raise TaskDataAbsent(f"There is no folder of official InterCode tasks ({given or 'not given'}). {_HELP}")
    return Path(given)


@lru_cache(maxsize=16)
def official_tasks(folder: Path, number: int) -> Sequence[Mapping[str, str]]:
    """The tasks of a file system, each with a query and a gold command.

    Raises:
        TaskDataError: If the file is missing or malformed; the message names the file, the task and the field.
    """
    name = _TASKS.format(number=number)
    path = _find(folder, name)
    if path is None:
        raise TaskDataAbsent(f"{folder} has no {name}. {_HELP}")
    return read_tasks(path)


def read_tasks(path: Path) -> Sequence[Mapping[str, str]]:
    """The tasks in a file, each with a query and a gold command.

    Raises:
        TaskDataError: If it cannot be read or is malformed; the message names the file, the task and the field.
    """
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TaskDataError(f"{path} cannot be read: {error}") from error
    if not isinstance(records, list):
        raise TaskDataError(f"{path} is not a list of tasks.")
    for index, record in enumerate(records):
        for field in ("query", "gold"):
            if not isinstance(record, dict) or not isinstance(record.get(field), str):
                raise TaskDataError(f"{path}, task {index}: the field '{field}' is missing or not a string.")
    return records


def official_split(folder: Path, split: str, train_fraction: float | None) -> list[tuple[int, int]]:
    """File system and index of each official task of ``train`` or ``test``; see `InterCodeBashOptions`.

    Raises:
        TaskDataError: If a file is missing or malformed.
    """
    numbers = FILE_SYSTEMS[split]
    if train_fraction is not None:
        every = sorted(number for published in FILE_SYSTEMS.values() for number in published)
        numbers = tuple(number for number in every if _find(folder, _TASKS.format(number=number))) or numbers
    found = [(number, index) for number in numbers for index in range(len(official_tasks(folder, number)))]
    if train_fraction is None:
        return found
    Random("intercode_bash/official").shuffle(found)
    middle = round(train_fraction * len(found))
    return sorted(found[:middle] if split == "train" else found[middle:])


@lru_cache(maxsize=16)
def official_tree(folder: Path, number: int, options: InterCodeBashOptions) -> Tree:
    """The initial file system of the episodes of file system `number`.

    Raises:
        TaskDataError: If there is neither a set-up script nor a tar file, or it cannot be read.
    """
    tree = _as_set_up(folder, number, options)
    return tree.without_empty_folders() if options.quoting is Quoting.INTERCODE else tree


def _as_set_up(folder: Path, number: int, options: InterCodeBashOptions) -> Tree:
    packed = _find(folder, f"fs_{number}.tar.xz")
    if packed is not None:
        return read_tree(packed)
    script = _find(folder, f"setup_nl2b_fs_{number}.sh")
    if script is None:
        if number == _BARE:
            return Tree({})
        raise TaskDataAbsent(f"{folder} has neither setup_nl2b_fs_{number}.sh nor fs_{number}.tar.xz. {_HELP}")
    from leap_kedro.environments.intercode_bash.engine.runtime import runtime_of

    return set_up(runtime_of(options).host, script.read_text(encoding="utf-8"))


def _find(folder: Path, name: str) -> Path | None:
    return next(iter(sorted(folder.rglob(name))), None)


def set_up(host: SandboxHost, script: str) -> Tree:
    """The tree that a set-up script creates, whatever its exit code: some commands of official scripts fail.

    Raises:
        TaskDataError: If the script exceeds a limit.
    """
    sandbox = host.open(Tree({}))
    try:
        done = sandbox.exec(["bash", "-c", script], "/")
        if done.ending is not Ending.EXITED:
            raise TaskDataError(f"The set-up script did not end ({done.ending}): {done.output[-300:]!r}")
        return Tree({path: entry for path, entry in sandbox.layer().present.items() if is_seen(path)})
    finally:
        sandbox.close()
