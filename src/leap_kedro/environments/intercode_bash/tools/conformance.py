"""Compares rewards with those of the original InterCode for the same actions.

    python -m leap_kedro.environments.intercode_bash.tools.conformance ANSWERS.jsonl.xz --tasks nl2bash_fs_N.json
        [--tree fs_N.tar.xz]

ANSWERS has one line of JSON per task and policy: the policy's name, the task's index, the actions, the reward and its
parts. Without a tree the file system is the bare skeleton (file system 4). The program prints ``tasks N equal N`` for
each policy, and the parts of both rewards where they differ. The original can be the cause of a difference: it keeps
state between tasks, and clocks and host names differ between its two containers. The commands are those of this
machine; missing ones are named.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from leap_kedro.environments.intercode_bash.engine.reward import PARTS, Quoting, Reward
from leap_kedro.environments.intercode_bash.engine.runtime import Runtime, runtime_of
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import Backend
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import SandboxFailure
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Tree, read_tree
from leap_kedro.environments.intercode_bash.environment import submits
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.intercode_bash.tasks.problems import read_tasks
from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.recordings import read_recordings

_NOT_FOUND = re.compile(r"(\S+): command not found|xargs: (\w+): No such file or directory")


class Answer(BaseModel):
    """The original's answer to a list of actions.

    Attributes:
        policy: Policy that chose the actions.
        index: Index of the task in its file.
        query: The task's query.
        gold: Its gold command.
        actions: The actions without the final ``submit``.
        observation: Output of the last action.
        gold_observation: Output of the gold command.
        reward: The reward.
        reward_parts: Its parts.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    policy: str
    index: int
    query: str
    gold: str
    actions: list[str]
    observation: str | None = None
    gold_observation: str | None = None
    reward: float
    reward_parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Compared:
    """A recorded answer and this project's.

    Attributes:
        recorded: The recorded answer.
        reward: This project's reward.
        absent: Commands that were installed there but are not here.
    """

    recorded: Answer
    reward: Reward
    absent: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether the rewards are equal."""
        return bool(self.reward.total == self.recorded.reward)


def parse_answer(line: str) -> Answer:
    """The answer in a line. Raises `ValueError` if it is malformed; the message names the field."""
    try:
        return Answer.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(
            "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}" for each in error.errors())
        ) from error


def compare(answer: Answer, tree: Tree, runtime: Runtime) -> Compared:
    """Run the actions and the gold command and compute the reward. Raises `SandboxFailure` if a sandbox fails."""
    golds = runtime.golds
    commands = tuple(action for action in answer.actions if not submits(action))
    agent = golds.play(tree, commands, answer.query)
    wanted = golds.of(tree, answer.gold)
    said = f"{agent.output}\n{wanted.output}"
    known = f"{answer.observation}\n{answer.gold_observation}"
    absent = {found[1] or found[2] for found in _NOT_FOUND.finditer(said) if found[0] not in known}
    return Compared(answer, runtime.rule(agent, wanted), tuple(sorted(absent)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; 0 if all rewards are equal, 1 if not, 2 if a file cannot be read or no sandbox works."""
    parser = argparse.ArgumentParser(description="Compare rewards with recorded answers of the original InterCode.")
    parser.add_argument("answers", type=Path, help="recorded answers, JSON lines, plain or .xz")
    parser.add_argument("--tasks", type=Path, required=True, help="nl2bash_fs_N.json of an InterCode checkout")
    parser.add_argument("--tree", type=Path, help="the file system as set up, a tar file")
    parser.add_argument("--backend", type=Backend, choices=list(Backend), default=Backend.AUTO)
    options = parser.parse_args(arguments)
    try:
        tasks = read_tasks(options.tasks)
        tree = read_tree(options.tree).without_empty_folders() if options.tree else Tree({})
        runtime = runtime_of(InterCodeBashOptions(quoting=Quoting.INTERCODE, backend=options.backend))
        compared = [
            compare(_checked(answer, tasks, options.tasks), tree, runtime)
            for answer in read_recordings(options.answers, parse_answer)
        ]
    except (TaskDataError, SandboxFailure) as error:
        print(error, file=sys.stderr)
        return 2
    for policy in dict.fromkeys(each.recorded.policy for each in compared):
        of_policy = [each for each in compared if each.recorded.policy == policy]
        print(f"{policy}: tasks {len(of_policy)} equal {sum(each.equal for each in of_policy)}")
        for each in of_policy:
            if not each.equal:
                print(_difference(each))
    return 0 if all(each.equal for each in compared) else 1


def _checked(answer: Answer, tasks: Sequence[Mapping[str, str]], path: Path) -> Answer:
    known = tasks[answer.index] if 0 <= answer.index < len(tasks) else {"query": "", "gold": ""}
    if (known["query"], known["gold"]) != (answer.query, answer.gold):
        raise TaskDataError(
            f"Task {answer.index} of the answers differs from task {answer.index} of {path}: the files do not match."
        )
    return answer


def _difference(each: Compared) -> str:
    recorded, here = each.recorded.reward_parts, each.reward.parts
    parts = ", ".join(f"{name} {recorded.get(name)} here {here[name]}" for name in PARTS)
    absent = f"; not installed here: {', '.join(each.absent)}" if each.absent else ""
    return f"  task {each.recorded.index} {' ; '.join(each.recorded.actions)!r}: {parts}{absent}"


if __name__ == "__main__":
    sys.exit(main())
