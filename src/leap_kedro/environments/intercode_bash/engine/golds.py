"""Results of gold commands: each command runs once per file system, and its result is cached."""

from dataclasses import replace

from leap_kedro.environments.intercode_bash.engine.reward import Outcome, Quoting
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import SandboxHost
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Tree
from leap_kedro.environments.intercode_bash.engine.session import MALFORMED, Session


class GoldRuns:
    """Results of gold commands in the sandboxes of one host."""

    def __init__(self, host: SandboxHost, quoting: Quoting) -> None:
        self._host, self._quoting = host, quoting
        self._kept: dict[tuple[str, str], Outcome] = {}

    def of(self, tree: Tree, gold: str) -> Outcome:
        """The outcome of a gold command on a tree; an output that cannot be read is None, as in the original."""
        key = (tree.digest, gold)
        if key not in self._kept:
            done = self.play(tree, (gold,))
            if done.output == MALFORMED and not done.succeeded:
                done = replace(done, output=None)
            self._kept[key] = done
        return self._kept[key]

    def play(self, tree: Tree, commands: tuple[str, ...], shown: str = "") -> Outcome:
        """The outcome of commands on a tree; the output is that of the last command, or `shown` without commands."""
        sandbox = self._host.open(tree)
        try:
            session = Session(sandbox, self._quoting)
            output = shown
            for command in commands:
                output = session.run(command).output
            return session.outcome(output)
        finally:
            sandbox.close()
