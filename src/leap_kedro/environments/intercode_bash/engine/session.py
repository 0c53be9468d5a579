"""A session of commands, which keeps the working directory between them and passes commands to bash."""

import re
import shlex
from dataclasses import dataclass

from leap_kedro.environments.intercode_bash.engine.reward import Outcome, Quoting
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, Sandbox

_SIMPLE_CD = re.compile(r"cd(\s+[^;&|<>()`$\n#]*)?")
MALFORMED = "Malformed command"
"""Output of a command that cannot be run, or whose output cannot be read, as in the original."""
_MESSAGES = {
    Ending.TIME: "Command timed out",
    Ending.OUTPUT: "[The command was ended: it wrote too much.]",
    Ending.DISK: "[The command was ended: it filled the disk. All changes to the file system are undone.]",
    Ending.MEMORY: "[The command was ended: it took too much memory.]",
    Ending.REFUSED: MALFORMED,
}


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of a command.

    Attributes:
        output: Its output; undecodable bytes are replaced.
        exit_code: Its exit code.
        ending: Why it ended.
    """

    output: str
    exit_code: int
    ending: Ending

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.ending is Ending.EXITED and self.exit_code == 0


class Session:
    """Runs commands in one sandbox; only the effect of a simple ``cd`` persists between commands."""

    def __init__(self, sandbox: Sandbox, quoting: Quoting) -> None:
        """Begin at the root of a new sandbox."""
        self.sandbox, self.quoting = sandbox, quoting
        self.workdir = "/"
        self.succeeded = True

    def run(self, command: str) -> Ran:
        """Run one command. Raises `SandboxFailure` if the sandbox itself does not work."""
        ran = self._run(command.strip())
        self.succeeded = ran.succeeded
        return ran

    def _run(self, command: str) -> Ran:
        if self.quoting is Quoting.INTERCODE:
            return self._as_intercode(command)
        if _SIMPLE_CD.fullmatch(command):
            ran = self._bash(["bash", "-c", f"{command} && pwd"], self.workdir)
            if not ran.succeeded or not ran.output.startswith("/"):
                return ran
            self.workdir = ran.output.splitlines()[-1]
            return Ran("", 0, ran.ending)
        return self._bash(["bash", "-c", command], self.workdir)

    def outcome(self, output: str | None) -> Outcome:
        """The outcome of the session with its last output."""
        return Outcome(output, self.sandbox.changes(), self.succeeded)

    def _as_intercode(self, command: str) -> Ran:
        change = command.startswith("cd ")
        if change:
            place = simplified(self.workdir, command[3:].strip())
            command = f"cd {place}"
        try:
            argv = shlex.split(f'bash -c "{command}"')
        except ValueError:
            return Ran(MALFORMED, 126, Ending.REFUSED)
        ran = self._bash(argv, "/" if change else self.workdir, strict=True)
        if change and ran.succeeded:
            self.workdir = place
        return ran

    def _bash(self, argv: list[str], workdir: str, strict: bool = False) -> Ran:
        done = self.sandbox.exec(argv, workdir)
        try:
            output = done.output.decode("utf-8", "strict" if strict else "replace")
        except UnicodeDecodeError:
            return Ran(MALFORMED, done.exit_code, Ending.REFUSED)
        if done.ending in _MESSAGES:
            output = f"{output if done.ending is Ending.OUTPUT else ''}{_MESSAGES[done.ending]}"
        return Ran(output, done.exit_code, done.ending)


def simplified(current: str, changed: str) -> str:
    """The path that ``cd changed`` leads to from ``current``, as the original resolves it."""
    path: list[str] = []
    for part in (changed if changed.startswith("/") else f"{current}/{changed}").split("/"):
        if part == "..":
            path = path[:-1]
        elif part not in ("", "."):
            path.append(part)
    return "/" + "/".join(path)
