"""The privileged side of InterCode Bash: the gold command, its output, its changes, and whether it still works.

Changes to files cannot be undone. After a change, the oracle tries the gold command in a copy of the file system. If
that does not lead to a full reward, the task is lost.
"""

import re
from collections.abc import Iterator, Sequence

from leap_kedro.environments.intercode_bash.environment import SUBMIT, InterCodeBashEnvironment, submits
from leap_kedro.environments.intercode_bash.teaching.alternatives import alternative_problems
from leap_kedro.environments.intercode_bash.teaching.experts import NOTHING
from leap_kedro.environments.intercode_bash.teaching.reasons import Fact
from leap_kedro.environments.naming import names_of
from leap_kedro.environments.protocol import Environment
from leap_kedro.records import PrivilegedState

_PROGRAM = re.compile(r"(?:^|[|;&(`]|-exec)\s*(?:xargs\s+(?:-\S+\s+)*)?[\w.]+")
_PARTED = re.compile(r"[\s|;&<>()'\"`$,]+")
_OF_SCRIPTS = frozenset(("print", "printf", "BEGIN", "END", "echo", "for", "while", "read", "done", "then", "else"))
_SHOWN = 200  # characters of the gold output in a fact


class InterCodeBashOracle:
    """Knows the gold command; works on copies and never changes the environment."""

    def __init__(self) -> None:
        self._tried: dict[tuple[str, str, str], int | None] = {}

    def state(self, environment: Environment) -> PrivilegedState:
        """The current privileged state."""
        at = _bash(environment)
        return PrivilegedState(
            task=at.problem.query,
            essentials=(at.problem.gold, *secrets(at.problem.gold)),
            facts=tuple(_facts(at)),
            plan=tuple(self._plan(at) or ()),
        )

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        """Names in a state that a reason must not reveal."""
        return names_of(state)

    def cost_to_go(self, environment: Environment) -> int | None:
        """Smallest number of actions to a full reward, ``submit`` included; None if it cannot be reached."""
        return _length(self._plan(_bash(environment)))

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        """`cost_to_go` after each of `actions`; None if an action is not executable or loses the task."""
        at = _bash(environment)
        return [self._after(at, action.strip()) for action in actions]

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        """Environments on other generated file systems in which `actions` have the same outputs."""
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
        if submits(action):
            return 0 if at.reward().total >= 1 else None
        untouched = at.untouched
        key = (at.problem.tree.digest, at.problem.gold, action)
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
        """A shortest plan to a full reward."""
        gold = at.problem.gold
        if at.reward().total >= 1:
            return [SUBMIT]
        if at.untouched:
            return [gold, SUBMIT]
        ways = [] if at.runtime.golds.of(at.problem.tree, gold).output else [[NOTHING]]
        ways += [[gold]] if at.session.workdir == "/" else [[gold], ["cd /", gold]]
        for way in ways:
            other = at.fork()
            for command in way:
                other.step(command)
            reward = other.reward()
            other.close()
            if reward.total >= 1:
                return [*way, SUBMIT]
        return None


def secrets(gold: str) -> tuple[str, ...]:
    """Paths, their directories and search words in a gold command, without commands, flags and script keywords."""
    words = [
        word
        for word in _PARTED.split(_PROGRAM.sub(" ", gold))
        if len(word) > 2 and word[0] != "-" and any(map(str.isalpha, word)) and word not in _OF_SCRIPTS
    ]
    folders = [folder for word in words if (folder := word.rpartition("/")[0]).count("/") > 1]
    return tuple(dict.fromkeys([*words, *folders]))


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
