"""The protocol of sandboxes, which run the commands of a model on a file system that can be restored.

A `Sandbox` is a file system, consisting of a layer over a `Tree`; a `SandboxHost` opens any number of them. Commands
cannot change the tree, the host or another sandbox. The module of each backend states the limits of this guarantee.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Entry, Tree
from leap_kedro.environments.protocol import EnvironmentFailure


class Ending(StrEnum):
    """Why a command ended."""

    EXITED = "exited"
    """By itself."""
    TIME = "time"
    """It ran longer than `Limits.seconds`."""
    OUTPUT = "output"
    """It wrote more than `Limits.output_kb`."""
    DISK = "disk"
    """Its changes exceeded `Limits.disk_mb`, `Limits.entries` or `Limits.depth`; all changes are undone."""
    MEMORY = "memory"
    """Its processes together used more than `Limits.memory_mb`."""
    REFUSED = "refused"
    """It was not started, because it is too long or contains a null character."""


class Limits(BaseModel):
    """Resource limits of a command.

    Attributes:
        seconds: Maximum run time, seconds of wall-clock time.
        processes: Maximum number of simultaneous processes.
        memory_mb: Maximum memory of all its processes, MB; also the address space of each process.
        file_mb: Maximum size of a file, MB.
        output_kb: Maximum output, kB; a command that writes more is ended.
        disk_mb: Maximum disk usage of its changed files, MB.
        entries: Maximum number of changed files and directories.
        depth: Maximum depth of directories below the root.
        command_characters: Maximum length of a command.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float = Field(default=10.0, gt=0)
    processes: int = Field(default=64, ge=4)
    memory_mb: int = Field(default=1024, ge=64)
    file_mb: int = Field(default=32, ge=1)
    output_kb: int = Field(default=256, ge=1)
    disk_mb: int = Field(default=64, ge=1)
    entries: int = Field(default=2000, ge=10)
    depth: int = Field(default=64, ge=8)
    command_characters: int = Field(default=100_000, ge=100, le=120_000)


@dataclass(frozen=True, slots=True)
class Executed:
    """The result of a command.

    Attributes:
        output: Standard output and error in the order written, up to the limit.
        exit_code: Its exit code; if negative, the signal that ended it.
        ending: Why it ended.
    """

    output: bytes
    exit_code: int
    ending: Ending


class Status(StrEnum):
    """How a file differs from the tree, in the letters of ``git status --short``."""

    NEW = "??"
    MODIFIED = "M"
    DELETED = "D"
    TYPE = "T"


@dataclass(frozen=True, slots=True)
class Layer:
    """The files of a sandbox on top of its tree.

    Attributes:
        present: Entries by path: all that differ from the tree, possibly more.
        hidden: Paths at and below which entries of the tree are hidden unless they are in `present`.
    """

    present: Mapping[str, Entry]
    hidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a file system to its tree.

    Attributes:
        files: Path without the leading "/" -> kind of change. A directory that has only new files is listed instead of
            them, with "/" at its end; empty directories are not listed.
        digests: Digest of the contents of each new file or directory.
    """

    files: Mapping[str, Status] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


class Sandbox(Protocol):
    """A file system in which commands run."""

    def exec(self, argv: Sequence[str], workdir: str) -> Executed:
        """Run a program in the directory `workdir`; processes that it leaves behind are ended.

        Raises:
            SandboxFailure: If the sandbox itself does not work.
        """
        ...

    def layer(self) -> Layer:
        """The current layer over the tree. Raises `SandboxFailure` if it cannot be read."""
        ...

    def changes(self) -> Changes:
        """The current changes to the tree. Raises `SandboxFailure` if they cannot be read."""
        ...

    def copy(self) -> "Sandbox":
        """Another sandbox in the same state."""
        ...

    def reset(self) -> None:
        """Restore the tree."""
        ...

    def close(self) -> None:
        """Remove all its files on the host; the sandbox is not used afterwards."""
        ...


class SandboxHost(Protocol):
    """Opens sandboxes of one kind."""

    name: str

    def open(self, tree: Tree) -> Sandbox:
        """A new sandbox over a tree."""
        ...


class SandboxFailure(EnvironmentFailure):
    """The sandbox failed, and the command is not the cause; the message says what helps."""


class NoSandbox(SandboxFailure):
    """No backend works; the message gives the reason for each, and what to install."""
