"""The privileged side of InterCode Bash: the gold command, what it shows and changes, and whether it still can.

A change to files cannot be undone. Where something was changed that the gold command does not change, the oracle tries
the gold command in a copy of the file system; if that does not lead to a full reward, the state is beyond repair.
"""

import re
from collections.abc import Iterator, Sequence

from leap_kedro.environments.intercode_bash.alternatives import alternative_problems
from leap_kedro.environments.intercode_bash.environment import SUBMIT, InterCodeBashEnvironment
from leap_kedro.environments.intercode_bash.experts import NOTHING
from leap_kedro.environments.intercode_bash.reasons import Fact
from leap_kedro.environments.protocol import Environment
from leap_kedro.records import PrivilegedState

_PROGRAM = re.compile(r"(?:^|[|;&(`]|-exec)\s*(?:xargs\s+(?:-\S+\s+)*)?[\w.]+")
_PARTED = re.compile(r"[\s|;&<>()'\"`$,]+")
_SHOWN = 200  # characters of the gold output in a fact


class InterCodeBashOracle:
    """Knows the gold command; tries in copies, and never changes the environment."""

    def __init__(self) -> None:
        self._tried: dict[tuple[str, str, str, str], int | None] = {}

    def state(self, environment: Environment) -> PrivilegedState:
        """Privileged state at the environment's present moment."""
        at = _bash(environment)
        return PrivilegedState(
            task=at.problem.query,
            essentials=(at.problem.gold, *secrets(at.problem.gold)),
            facts=tuple(_facts(at)),
            plan=tuple(self._plan(at) or ()),
        )

    def cost_to_go(self, environment: Environment) -> int | None:
        """Least number of actions from here to a full reward, ``submit`` included; None if there is no way."""
        return _length(self._plan(_bash(environment)))

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        """`cost_to_go` after each of `actions`; None where it cannot be executed, or there is no way from there."""
        at = _bash(environment)
        return [self._after(at, action.strip()) for action in actions]

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        """Environments over other generated file systems that `actions` cannot tell from this one."""
        at = _bash(environment)
        same = at.over(at.problem)
        shown = [same.step(action).observation for action in actions]
        found = 0
        for problem in alternative_problems(at.problem, count, seed):
            other = at.over(problem)
            if all(other.step(action).observation == seen for action, seen in zip(actions, shown, strict=True)):
                yield other
                found += 1
            if found == count:
                return

    def _after(self, at: InterCodeBashEnvironment, action: str) -> int | None:
        if action == SUBMIT:
            return 0 if at.reward().total >= 1 else None
        problem = at.problem
        untouched = not at.outcome().changes.files
        key = (problem.tree.digest, problem.gold, at.session.workdir, action)
        if untouched and key in self._tried:
            return self._tried[key]
        other = at.fork()
        result = other.step(action)
        cost = _length(self._plan(other)) if result.accepted else None
        other.close()
        if untouched:
            self._tried[key] = cost
        return cost

    def _plan(self, at: InterCodeBashEnvironment) -> list[str] | None:
        """A shortest way to a full reward."""
        wanted = at.runtime.golds.of(at.problem.tree, at.problem.gold)
        if at.runtime.rule(at.outcome(), wanted).total >= 1:
            return [SUBMIT]
        for command in (NOTHING, at.problem.gold):
            if command == at.problem.gold and not at.outcome().changes.files:
                return [command, SUBMIT]
            if command == NOTHING and (wanted.output or not at.outcome().changes.files):
                continue
            other = at.fork()
            other.step(command)
            reward = other.reward()
            other.close()
            if reward.total >= 1:
                return [command, SUBMIT]
        return None


def secrets(gold: str) -> tuple[str, ...]:
    """Words of a gold command that name something: paths, parts of names, words looked for; no commands, no flags."""
    words = dict.fromkeys(_PARTED.split(_PROGRAM.sub(" ", gold)))
    return tuple(word for word in words if len(word) > 2 and word[0] != "-" and any(map(str.isalpha, word)))


def _bash(environment: Environment) -> InterCodeBashEnvironment:
    if not isinstance(environment, InterCodeBashEnvironment):
        raise TypeError(f"the oracle of InterCode Bash needs its environment, not {type(environment).__name__}")
    return environment


def _length(plan: list[str] | None) -> int | None:
    return None if plan is None else len(plan)


def _facts(at: InterCodeBashEnvironment) -> Iterator[str]:
    wanted = at.runtime.golds.of(at.problem.tree, at.problem.gold)
    yield Fact.GOLD.format(gold=at.problem.gold)
    if wanted.output and wanted.output.strip():
        yield Fact.OUTPUT.format(output=wanted.output[:_SHOWN].rstrip())
    for path, status in sorted(wanted.changes.files.items()):
        yield Fact.CHANGE.format(path=f"/{path}", change=status.name.lower())
