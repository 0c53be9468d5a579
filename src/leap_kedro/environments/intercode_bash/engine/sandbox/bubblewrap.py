"""Sandboxes by bubblewrap: namespaces, and an overlay over the tree.

A command sees the tree, the host's ``/usr`` (read-only), an empty ``/dev`` and its own ``/proc``. It cannot access the
network, processes, environment variables or other files of the host, cannot gain privileges or create namespaces, and
all its processes end with it. If this process is root, commands run under an unprivileged user id, because limits do
not apply to root.

Not covered: the kernel is shared, including its vulnerabilities. The host's ``/usr`` is readable, and ``/proc`` shows
properties of the machine such as memory and load. The kernel limits each process and each file. The memory of all
processes and the disk usage, including unlinked files, are checked ten times per second, so that they can exceed their
limit for a moment. Kernels before 5.14 count the processes of a user over all sandboxes. System calls are filtered on
x86-64 and arm64 only (`seccomp.py`).

If ``bwrap`` has no overlays (before version 0.11, or if the kernel refuses them), each sandbox is a copy of its tree,
with the same guarantees.
"""

import os
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leap_kedro.environments.intercode_bash.engine.sandbox.layer import compare, whole
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import (
    Changes,
    Ending,
    Executed,
    Layer,
    Limits,
    SandboxFailure,
)
from leap_kedro.environments.intercode_bash.engine.sandbox.scratch import Scratch, remove
from leap_kedro.environments.intercode_bash.engine.sandbox.seccomp import refusing_filter
from leap_kedro.environments.intercode_bash.engine.sandbox.skeleton import SYSTEM_MOUNTS, WRITTEN, write_tree
from leap_kedro.environments.intercode_bash.engine.sandbox.supervision import supervise
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Tree
from leap_kedro.environments.intercode_bash.engine.sandbox.upper import read_upper, usage

_ALONE = """
    --dev /dev --remount-ro /dev --proc /proc --unshare-all --unshare-user --disable-userns --uid 0 --gid 0
    --hostname intercode --as-pid-1 --die-with-parent --new-session --clearenv
    --setenv PATH /usr/bin:/bin:/usr/sbin:/sbin --setenv HOME /root --setenv LC_ALL C.UTF-8
""".split()
_NOBODY = 65534
_MAX_PROCESSES_OF_USER = 4096


@dataclass(frozen=True, slots=True)
class Program:
    """The ``bwrap`` program.

    Attributes:
        path: Its path.
        overlays: Whether it supports overlays on this machine.
    """

    path: Path
    overlays: bool


class BubblewrapHost:
    """Opens sandboxes with one ``bwrap``."""

    name = "bubblewrap"

    def __init__(self, program: Program, limits: Limits, scratch: Scratch) -> None:
        self.program, self.limits, self.scratch = program, limits, scratch
        self._trees: dict[str, Path] = {}

    def open(self, tree: Tree) -> "BubblewrapSandbox":
        """A new sandbox over a tree; each tree is written once."""
        place = self._trees.get(tree.digest)
        if place is None:
            place = self.scratch.new("tree")
            try:
                write_tree(place, tree, owner())
            except OSError as error:
                raise SandboxFailure(f"The file system of a task cannot be written to {place}: {error}") from error
            self._trees[tree.digest] = place
        return BubblewrapSandbox(self, tree, place)


class BubblewrapSandbox:
    """A file system: an upper layer over the tree's folder, or a copy of that folder."""

    def __init__(self, host: BubblewrapHost, tree: Tree, lower: Path) -> None:
        self._host, self._tree, self._lower = host, tree, lower
        self._layer: Path | None = None

    def exec(self, argv: Sequence[str], workdir: str) -> Executed:
        """Run a program; see `Sandbox.exec`."""
        limits = self._host.limits
        try:
            raw = [argument.encode("utf-8", "surrogateescape") for argument in argv]
        except UnicodeEncodeError:
            return Executed(b"", 126, Ending.REFUSED)
        if any(b"\0" in argument or len(argument) > limits.command_characters for argument in raw):
            return Executed(b"", 126, Ending.REFUSED)
        layer = self._layer or self._fresh()
        done = supervise(self._start(layer, raw, workdir), limits, partial(_is_full, layer / "upper", limits, False))
        if done.ending is Ending.DISK or _is_full(layer / "upper", limits, True):
            self.reset()
            return Executed(done.output, done.exit_code, Ending.DISK)
        return done

    def layer(self) -> Layer:
        """The layer over the tree; see `Sandbox.layer`."""
        if self._layer is None:
            return Layer({}, frozenset())
        read = read_upper(self._layer / "upper", self._host.limits)
        if self._host.program.overlays:
            return read
        return whole({path: entry for path, entry in read.present.items() if path not in WRITTEN}, self._tree)

    def changes(self) -> Changes:
        """The changes to the tree; see `Sandbox.changes`."""
        return compare(self.layer(), self._tree)

    def reset(self) -> None:
        """Restore the tree: the layer is removed, and created again when it is needed."""
        if self._layer is not None:
            remove(self._layer)
            self._layer = None

    def copy(self) -> "BubblewrapSandbox":
        """Another sandbox in the same state."""
        other = BubblewrapSandbox(self._host, self._tree, self._lower)
        if self._layer is not None:
            other._layer = self._new_layer(self._layer / "upper")
        return other

    def close(self) -> None:
        """Remove the layer."""
        self.reset()

    def _fresh(self) -> Path:
        self._layer = self._new_layer(None if self._host.program.overlays else self._lower)
        return self._layer

    def _new_layer(self, source: Path | None) -> Path:
        """A layer with an empty upper directory, or with a copy of one."""
        layer = self._host.scratch.new("layer")
        try:
            (layer / "work").mkdir()
            if source is None:
                (layer / "upper").mkdir()
            else:
                copied = subprocess.run([*self._copier(), source, layer / "upper"], capture_output=True, check=False)
                if copied.returncode:
                    raise SandboxFailure(f"A layer cannot be copied: {copied.stderr.decode(errors='replace').strip()}")
            if (uid := owner()) is not None:
                os.chown(layer / "upper", uid, uid)
                os.chown(layer / "work", uid, uid)
        except OSError as error:
            raise SandboxFailure(f"The layer {layer} cannot be created: {error}") from error
        return layer

    def _copier(self) -> list[str | Path]:
        """A command that copies files regardless of their permissions, as root of this machine or of a namespace."""
        if os.geteuid() == 0:
            return ["cp", "-a", "--"]
        as_root = ["--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL", "--bind", "/", "/", "--"]
        return [self._host.program.path, *as_root, "cp", "-a", "--"]

    def _start(self, layer: Path, argv: Sequence[bytes], workdir: str) -> "subprocess.Popen[bytes]":
        limits = self._host.limits
        try:
            reading, writing = os.pipe()
            with os.fdopen(writing, "wb") as file:
                file.write(refusing_filter())
        except OSError as error:
            raise SandboxFailure(f"A command cannot be started: {error}") from error
        refused = ["--seccomp", str(reading)] if refusing_filter() else []
        try:
            command: list[str | bytes | Path] = [
                *unprivileged(),
                *_limited(limits),
                *self._command(layer),
                *refused,
                *("--chdir", "/", "--"),
                *_watched(limits, workdir),
                *argv,
            ]
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={},
                pass_fds=[reading],
            )
        except OSError as error:
            raise SandboxFailure(f"{self._host.program.path} cannot be started: {error}") from error
        finally:
            os.close(reading)

    def _command(self, layer: Path) -> list[str | Path]:
        if self._host.program.overlays:
            root: list[str | Path] = ["--overlay-src", self._lower, "--overlay", layer / "upper", layer / "work", "/"]
        else:
            root = ["--bind", layer / "upper", "/"]
        mounts = [part for path in SYSTEM_MOUNTS for part in ("--ro-bind", path, path)]
        return [self._host.program.path, *root, *mounts, *_ALONE]


def _is_full(upper: Path, limits: Limits, settled: bool) -> bool:
    return usage(upper, limits, settled).exceeds(limits)


def owner() -> int | None:
    """User id of the commands; None if it is that of this process."""
    return _NOBODY if os.geteuid() == 0 else None


def unprivileged() -> list[str]:
    """Prefix of a command that runs it as that user.

    `subprocess` can change the user, too, but copies the page tables of the whole process. With a loaded model that
    takes longer than the command.
    """
    return [] if (uid := owner()) is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]


def _limited(limits: Limits) -> list[str]:
    """Prefix that limits the resources of a process; it runs outside the sandbox, where no command can replace it.

    The limit on processes is only a high upper bound, because it counts all processes of the user.
    """
    mb = 1024 * 1024
    limited = {
        "nproc": (resource.RLIMIT_NPROC, _MAX_PROCESSES_OF_USER),
        "as": (resource.RLIMIT_AS, limits.memory_mb * mb),
        "fsize": (resource.RLIMIT_FSIZE, limits.file_mb * mb),
        "cpu": (resource.RLIMIT_CPU, int(limits.seconds) + 1),
        "core": (resource.RLIMIT_CORE, 0),
        "nofile": (resource.RLIMIT_NOFILE, 256),
    }
    command = ["prlimit"]
    for name, (kind, most) in limited.items():
        allowed = resource.getrlimit(kind)[1]
        command.append(f"--{name}={most if allowed == resource.RLIM_INFINITY else min(most, allowed)}")
    return [*command, "--"]


def _watched(limits: Limits, workdir: str) -> list[str]:
    """Prefix that runs a command in its directory (or in ``/`` if that is gone) inside the namespaces.

    It limits the number of processes in the namespace. ``cat`` waits for background processes as long as they can
    write.
    """
    script = f'cd "$0" 2> /dev/null; ulimit -u {limits.processes}; "$@" 2>&1 | cat; exit "${{PIPESTATUS[0]}}"'
    return ["bash", "-c", script, workdir]
