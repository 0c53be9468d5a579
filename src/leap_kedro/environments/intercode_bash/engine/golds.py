"""What gold commands do: each is run once in a layer of its own, and its result kept by what it depends on."""

from dataclasses import replace

from leap_kedro.environments.intercode_bash.engine.reward import Outcome, Quoting, RewardRule
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import SandboxHost
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Tree
from leap_kedro.environments.intercode_bash.engine.session import MALFORMED, Session
from leap_kedro.environments.intercode_bash.tasks.generator import GeneratedTask


class GoldRuns:
    """Results of gold commands in the sandboxes of one host."""

    def __init__(self, host: SandboxHost, quoting: Quoting) -> None:
        self._host, self._quoting = host, quoting
        self._kept: dict[tuple[str, str], Outcome] = {}

    def of(self, tree: Tree, gold: str) -> Outcome:
        """What a gold command leaves of a tree; an output that cannot be read is None, as in the original."""
        key = (tree.digest, gold)
        if key not in self._kept:
            done = self.play(tree, (gold,))
            if done.output == MALFORMED and not done.succeeded:
                done = replace(done, output=None)
            self._kept[key] = done
        return self._kept[key]

    def play(self, tree: Tree, commands: tuple[str, ...], shown: str = "") -> Outcome:
        """What some commands leave of a tree; the output is that of the last, or `shown` where there is none."""
        sandbox = self._host.open(tree)
        try:
            session = Session(sandbox, self._quoting)
            output = shown
            for command in commands:
                output = session.run(command).output
            return session.outcome(output)
        finally:
            sandbox.close()


_NEAR = 0.9

LAZY = ("", "ls", "ls -R {root}", "{query}")
"""What takes no thought: nothing, looking around, running the query as if it were a command."""


def asks_for_something(golds: GoldRuns, rule: RewardRule, task: GeneratedTask) -> bool:
    """Whether a task's gold command succeeds and does something that nothing lazy and no misreading comes near to."""
    tree = task.made.tree
    wanted = golds.of(tree, task.gold)
    if not wanted.succeeded or not (wanted.changes.files or (wanted.output or "").strip()):
        return False
    lazy = [each.format(root=task.made.root, query=task.query) for each in LAZY]
    for command in (*lazy, *task.misread):
        outcome = golds.play(tree, (command,) if command else (), task.query)
        if rule(outcome, wanted).total >= _NEAR:
            return False
    return True
