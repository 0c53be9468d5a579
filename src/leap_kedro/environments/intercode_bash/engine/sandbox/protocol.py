"""What runs commands that a model wrote: a sandbox over a file system that can be put back.

A `Sandbox` is one file system that is a fresh layer over a `Tree`; a `SandboxHost` opens any number of them. Nothing
that a command does to its file system reaches the tree, the host, or another sandbox. How far that holds is said by
each backend's module.
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
    """Its changes took more than `Limits.disk_mb`, `Limits.entries` or `Limits.depth`; all changes are undone."""
    MEMORY = "memory"
    """Its processes together held more than `Limits.memory_mb`."""
    REFUSED = "refused"
    """It was not started: it cannot be a command line (too long, or with a null character)."""


class Limits(BaseModel):
    """What a command may use.

    Attributes:
        seconds: Longest run, seconds of the clock.
        processes: Most processes at once.
        memory_mb: Most memory of its processes together, MB; also the address space of each.
        file_mb: Largest file, MB.
        output_kb: Most output that is kept, kB; a command that writes more is ended.
        disk_mb: Most that its changed files take on the disk, MB.
        entries: Most changed files and directories.
        depth: Deepest directory below the root.
        command_characters: Longest command.
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
    """What a command did.

    Attributes:
        output: Standard output and error as they came, up to the limit.
        exit_code: Its exit code; negative: minus the signal that ended it.
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
    """What a sandbox has over its tree.

    Attributes:
        present: What it holds, by path: all that differs from the tree, perhaps more.
        hidden: Paths at which (and below which) nothing of the tree is seen any more, but for what is in `present`.
    """

    present: Mapping[str, Entry]
    hidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """How a file system differs from its tree.

    Attributes:
        files: Path (from the root, without it; a new directory with "/" at its end) -> how it differs. A directory all
            of whose files are new stands for them; empty directories are not seen.
        digests: Digest of what is at a path that is new; of a directory, of all that is in it.
    """

    files: Mapping[str, Status] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


class Sandbox(Protocol):
    """One file system, in which commands run."""

    def exec(self, argv: Sequence[str], workdir: str) -> Executed:
        """Run a program with arguments from the directory `workdir`; what it left running is ended with it.

        Raises:
            SandboxFailure: If the sandbox itself does not work.
        """
        ...

    def layer(self) -> Layer:
        """What its file system has over the tree now. Raises `SandboxFailure` if it cannot be read."""
        ...

    def changes(self) -> Changes:
        """How its file system differs from the tree now. Raises `SandboxFailure` if it cannot be read."""
        ...

    def copy(self) -> "Sandbox":
        """Another sandbox in the state of this one."""
        ...

    def reset(self) -> None:
        """Put the tree back."""
        ...

    def close(self) -> None:
        """Remove all that it has on the host; it is used no more."""
        ...


class SandboxHost(Protocol):
    """Opens sandboxes of one kind."""

    name: str

    def open(self, tree: Tree) -> Sandbox:
        """A fresh sandbox over a tree."""
        ...


class SandboxFailure(EnvironmentFailure):
    """The sandbox could not do its work, through no fault of the command; the message says what helps."""


class NoSandbox(SandboxFailure):
    """No backend works here; the message says why each does not, and what to install."""
