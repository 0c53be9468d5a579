"""Sandboxes by bashkit: a bash inside this process with a file system in memory.

It starts no process, touches nothing outside and runs on any operating system. It reimplements bash and its commands:
for generated tasks the results equal those of the real commands, for official tasks often not, so it is not available
for these. Covered: files, network and processes of the host, which are inaccessible; time; memory of its files. Not
covered: a vulnerability of bashkit affects this process.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leap_kedro.environments.intercode_bash.engine.sandbox.layer import compare, whole
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import (
    Changes,
    Ending,
    Executed,
    Layer,
    Limits,
    NoSandbox,
    SandboxFailure,
)
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Entry, Kind, Tree

if TYPE_CHECKING:
    from bashkit import FileSystem

_COMMANDS_A_SECOND = 100_000
_OF_TIME = ("timeout", "timed out", "command count", "command limit", "iteration")
"""Words in its messages about commands that ran too long."""


class BashkitHost:
    """Opens sandboxes in this process."""

    name = "bashkit"

    def __init__(self, limits: Limits) -> None:
        """Raise `NoSandbox` if the package is not installed."""
        try:
            import bashkit  # noqa: F401
        except ImportError as error:
            raise NoSandbox("bashkit is not installed: pip install bashkit.") from error
        self.limits = limits

    def open(self, tree: Tree) -> "BashkitSandbox":
        """A new sandbox over a tree."""
        return BashkitSandbox(self.limits, tree, tree.entries)


class BashkitSandbox:
    """A file system in memory."""

    def __init__(self, limits: Limits, tree: Tree, entries: Mapping[str, Entry]) -> None:
        self._limits, self._tree = limits, tree
        self._files = _written(entries)

    def exec(self, argv: Sequence[str], workdir: str) -> Executed:
        """Run a program; see `Sandbox.exec`."""
        from bashkit import Bash

        script = argv[2] if list(argv[:2]) == ["bash", "-c"] and len(argv) == 3 else shlex.join(argv)
        if not is_text(script) or len(script) > self._limits.command_characters:
            return Executed(b"", 126, Ending.REFUSED)
        bash = Bash(
            username="root",
            cwd=workdir,
            env={"HOME": "/root", "LC_ALL": "C.UTF-8"},
            max_memory=self._limits.disk_mb * 1024 * 1024,
            max_commands=_COMMANDS_A_SECOND * int(self._limits.seconds),
            max_loop_iterations=_COMMANDS_A_SECOND * int(self._limits.seconds),
            timeout_seconds=self._limits.seconds,
        )
        bash.mount("/", self._files)
        try:
            done = bash.execute_sync(script)
        except RuntimeError as error:
            raise SandboxFailure(f"bashkit failed: {error}") from error
        output = (done.stdout + done.stderr).encode()
        max_bytes = self._limits.output_kb * 1024
        if done.stdout_truncated or done.stderr_truncated or len(output) > max_bytes:
            return Executed(output[:max_bytes], done.exit_code, Ending.OUTPUT)
        message = (done.error or "").lower()
        if any(word in message for word in _OF_TIME):
            return Executed(output, done.exit_code, Ending.TIME)
        if "memory" in message or "filesystem" in message:
            self.reset()
            return Executed(output, done.exit_code, Ending.DISK)
        return Executed(output, done.exit_code, Ending.EXITED)

    def layer(self) -> Layer:
        """The layer over the tree; see `Sandbox.layer`."""
        return whole(self._read(), self._tree)

    def changes(self) -> Changes:
        """The changes to the tree; see `Sandbox.changes`."""
        return compare(self.layer(), self._tree)

    def copy(self) -> "BashkitSandbox":
        """Another sandbox in the same state."""
        return BashkitSandbox(self._limits, self._tree, self._read())

    def reset(self) -> None:
        """Restore the tree."""
        self._files = _written(self._tree.entries)

    def close(self) -> None:
        """Discard all files."""
        self._files = _written({})

    def _read(self) -> dict[str, Entry]:
        present: dict[str, Entry] = {}
        waiting = ["/"]
        while waiting:
            folder = waiting.pop()
            for found in self._files.read_dir(folder):
                path, about = f"{folder.rstrip('/')}/{found['name']}", found["metadata"]
                match about["file_type"]:
                    case "directory":
                        present[path[1:]] = Entry(Kind.FOLDER, mode=about["mode"])
                        waiting.append(path)
                    case "symlink":
                        present[path[1:]] = Entry(Kind.LINK, os.fsencode(self._files.read_link(path)))
                    case "file":
                        present[path[1:]] = Entry(Kind.FILE, self._files.read_file(path), about["mode"])
        return present


def is_text(script: str) -> bool:
    """Whether a script can be passed on: it is valid UTF-8 without null characters."""
    try:
        return b"\0" not in script.encode()
    except UnicodeEncodeError:
        return False


def _written(entries: Mapping[str, Entry]) -> "FileSystem":
    from bashkit import FileSystem

    files = FileSystem()
    for path, entry in entries.items():
        place = f"/{path}"
        match entry.kind:
            case Kind.FOLDER:
                files.mkdir(place, recursive=True)
            case Kind.LINK:
                files.symlink(os.fsdecode(entry.content), place)
                continue
            case Kind.FILE:
                files.mkdir(place.rpartition("/")[0] or "/", recursive=True)
                files.write_file(place, entry.content)
        files.chmod(place, entry.mode)
    return files
