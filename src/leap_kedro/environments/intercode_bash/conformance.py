"""Compares rewards with what the original InterCode answered on the same actions.

    python -m leap_kedro.environments.intercode_bash.conformance ANSWERS.jsonl.xz --tasks nl2bash_fs_N.json
        [--tree fs_N.tar.xz]

ANSWERS has a line of JSON for each task and policy: the policy's name, the task's index, the actions, the reward and
its parts. Without a tree the file system is the bare skeleton (file system 4). It prints ``tasks N equal N`` for each
policy and, for what is not equal, both rewards' parts. What differs may be the original's: it keeps state from task to
task, and clocks and host names differ between its two containers. Commands are this machine's: what is not installed
here is named.
"""

import argparse
import json
import lzma
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leap_kedro.environments.intercode_bash.golds import GoldRuns
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.intercode_bash.reward import PARTS, Quoting, Reward
from leap_kedro.environments.intercode_bash.runtime import Runtime, runtime_of
from leap_kedro.environments.intercode_bash.sandbox.probe import Backend
from leap_kedro.environments.intercode_bash.sandbox.protocol import SandboxFailure
from leap_kedro.environments.intercode_bash.sandbox.trees import Tree, read_tree
from leap_kedro.environments.protocol import TaskDataError

_NEEDED = frozenset({"policy", "index", "query", "gold", "actions", "reward", "reward_parts"})
_NOT_FOUND = re.compile(r"(\S+): command not found|xargs: (\w+): No such file or directory")


@dataclass(frozen=True, slots=True)
class Compared:
    """A recorded answer beside this project's.

    Attributes:
        recorded: The line of the recording.
        reward: The reward here.
        absent: Commands that are not installed here, and were there.
    """

    recorded: Mapping[str, Any]
    reward: Reward
    absent: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether the rewards are the same."""
        return bool(self.reward.total == self.recorded["reward"])


def read_answers(path: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of a recording.

    Raises:
        TaskDataError: If the file cannot be read, or a line lacks something.
    """
    opener = lzma.open if path.suffix == ".xz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                record = json.loads(line)
                missing = _NEEDED - record.keys()
                if missing:
                    raise TaskDataError(f"The answers {path}, line {number}: without {', '.join(sorted(missing))}.")
                yield record
    except (OSError, ValueError, AttributeError, EOFError, lzma.LZMAError) as error:
        raise TaskDataError(f"The answers {path} cannot be read, after line {number}: {error}") from error


def compare(record: Mapping[str, Any], tree: Tree, runtime: Runtime) -> Compared:
    """Play a record's actions and its gold command, and reward them.

    Raises:
        SandboxFailure: If a sandbox does not work.
    """
    golds: GoldRuns = runtime.golds
    agent = golds.play(tree, tuple(record["actions"]), record["query"])
    wanted = golds.of(tree, record["gold"])
    said = f"{agent.output}\n{wanted.output}"
    known = f"{record.get('observation')}\n{record.get('gold_observation')}"
    absent = {found[1] or found[2] for found in _NOT_FOUND.finditer(said) if found[0] not in known}
    return Compared(record, runtime.rule(agent, wanted), tuple(sorted(absent)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; 0 if all are equal, 1 if not, 2 if something cannot be read or run."""
    parser = argparse.ArgumentParser(description="Compare rewards with recorded answers of the original InterCode.")
    parser.add_argument("answers", type=Path, help="recorded answers, JSON lines, plain or .xz")
    parser.add_argument("--tasks", type=Path, required=True, help="nl2bash_fs_N.json of an InterCode checkout")
    parser.add_argument("--tree", type=Path, help="the file system as set up, a tar file")
    parser.add_argument("--backend", type=Backend, choices=list(Backend), default=Backend.AUTO)
    options = parser.parse_args(arguments)
    try:
        tasks = json.loads(options.tasks.read_text(encoding="utf-8"))
        tree = read_tree(options.tree).without_empty_folders() if options.tree else Tree({})
        runtime = runtime_of(InterCodeBashOptions(quoting=Quoting.INTERCODE, backend=options.backend))
        compared = [
            compare(_checked(record, tasks, options.tasks), tree, runtime) for record in read_answers(options.answers)
        ]
    except (TaskDataError, SandboxFailure, OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    for policy in dict.fromkeys(each.recorded["policy"] for each in compared):
        of_policy = [each for each in compared if each.recorded["policy"] == policy]
        print(f"{policy}: tasks {len(of_policy)} equal {sum(each.equal for each in of_policy)}")  # noqa: T201
        for each in of_policy:
            if not each.equal:
                print(_told(each))  # noqa: T201
    return 0 if all(each.equal for each in compared) else 1


def _checked(record: Mapping[str, Any], tasks: Sequence[Mapping[str, str]], path: Path) -> Mapping[str, Any]:
    index = record["index"]
    if not 0 <= index < len(tasks) or (tasks[index]["query"], tasks[index]["gold"]) != (
        record["query"],
        record["gold"],
    ):
        raise TaskDataError(f"Task {index} of the answers is not task {index} of {path}: they belong to other files.")
    return record


def _told(each: Compared) -> str:
    recorded, here = each.recorded["reward_parts"], each.reward.parts
    parts = ", ".join(f"{name} {recorded.get(name)} here {here[name]}" for name in PARTS)
    absent = f"; not installed here: {', '.join(each.absent)}" if each.absent else ""
    return f"  task {each.recorded['index']} {' ; '.join(each.recorded['actions'])!r}: {parts}{absent}"


if __name__ == "__main__":
    sys.exit(main())
