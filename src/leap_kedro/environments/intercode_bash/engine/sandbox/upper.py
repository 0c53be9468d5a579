"""Reads the files that a command left in an upper directory. They are untrusted data on the host.

Names can be links that lead outside, or become links while they are read. Therefore no link is followed, and each
directory is opened relative to its parent. In an upper layer, a character device 0:0 represents a deleted entry, and a
directory with the attribute ``overlay.opaque`` hides the one below it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Layer, Limits, SandboxFailure
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Entry, Kind

_OPAQUE = ("user.overlay.opaque", "trusted.overlay.opaque")
_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""Errors of an entry that disappeared after its directory was read."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Size of a layer: kB on the disk, number of files and directories, maximum depth."""

    kilobytes: int
    entries: int
    depth: int

    def exceeds(self, limits: Limits) -> bool:
        """Whether it exceeds a limit."""
        return self.kilobytes > limits.disk_mb * 1024 or self.entries > limits.entries or self.depth > limits.depth


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry of an upper directory: its name in the open directory `within`, its path and depth from the top."""

    within: int
    name: str
    path: str
    depth: int
    about: os.stat_result


def usage(upper: Path, limits: Limits, settled: bool) -> Usage:
    """Size of a layer; the count stops soon after a limit is exceeded.

    Args:
        upper: The directory.
        limits: Its limits.
        settled: Whether no process uses it any more. Until then, inaccessible directories are not counted.
    """
    found = Usage(0, 0, 0)
    for each in _walk(upper, limits.depth, settled):
        found = Usage(found.kilobytes + each.about.st_blocks // 2, found.entries + 1, max(found.depth, each.depth))
        if found.exceeds(limits):
            break
    return found


def read_upper(upper: Path, limits: Limits) -> Layer:
    """The layer in an upper directory that no process uses any more. Raises `SandboxFailure` if it cannot be read."""
    present: dict[str, Entry] = {}
    hidden: set[str] = set()
    try:
        for each in _walk(upper, limits.depth, settled=True):
            mode = each.about.st_mode
            if stat.S_ISCHR(mode) and each.about.st_rdev == 0:
                hidden.add(each.path)
            elif stat.S_ISDIR(mode):
                present[each.path] = Entry(Kind.FOLDER, mode=stat.S_IMODE(mode))
                if _is_opaque(each):
                    hidden.add(each.path)
            elif stat.S_ISLNK(mode):
                present[each.path] = Entry(Kind.LINK, os.fsencode(os.readlink(each.name, dir_fd=each.within)))
            elif stat.S_ISREG(mode):
                present[each.path] = Entry(Kind.FILE, _content(each), stat.S_IMODE(mode))
            else:  # a pipe or a socket: git ignores it, but it may have replaced an entry of the tree
                hidden.add(each.path)
    except OSError as error:
        raise SandboxFailure(f"The layer {upper} cannot be read: {error}") from error
    return Layer(present, frozenset(hidden))


def _walk(upper: Path, deepest: int, settled: bool) -> Iterator[_Found]:
    """All entries below a directory, down to a depth of `deepest` + 1."""
    with _entered(None, str(upper), upper.lstat(), settled) as top:
        if top is not None:
            yield from _below(top, "", 0, deepest, settled)


def _below(folder: int, path: str, depth: int, deepest: int, settled: bool) -> Iterator[_Found]:
    with os.scandir(folder) as listed:
        names = sorted(each.name for each in listed)
    for name in names:
        try:
            about = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno in _GONE or not settled:
                continue
            raise
        found = _Found(folder, name, f"{path}/{name}" if path else name, depth + 1, about)
        yield found
        if stat.S_ISDIR(about.st_mode) and found.depth <= deepest:
            with _entered(folder, name, about, settled) as inner:
                if inner is not None:
                    yield from _below(inner, found.path, found.depth, deepest, settled)


@contextmanager
def _entered(within: int | None, name: str, about: os.stat_result, settled: bool) -> Iterator[int | None]:
    """An open directory; None if it is gone, or inaccessible while a process could still replace it."""
    with _permitted(within, name, about, 0o500, settled):
        try:
            folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK, dir_fd=within)
        except OSError as error:
            if error.errno not in _GONE and settled:
                raise
            yield None
            return
        try:
            yield folder
        finally:
            os.close(folder)


@contextmanager
def _permitted(within: int | None, name: str, about: os.stat_result, needed: int, settled: bool) -> Iterator[None]:
    """Grant the owner missing permissions temporarily if no process runs; root needs none."""
    mode = stat.S_IMODE(about.st_mode)
    if os.geteuid() == 0 or mode & needed == needed or not settled:
        yield
        return
    os.chmod(name, mode | 0o700, dir_fd=within)
    try:
        yield
    finally:
        os.chmod(name, mode, dir_fd=within)


def _content(found: _Found) -> bytes:
    with _permitted(found.within, found.name, found.about, 0o400, settled=True):
        handle = os.open(found.name, os.O_RDONLY | _NO_LINK, dir_fd=found.within)
        with os.fdopen(handle, "rb") as file:
            return file.read()


def _is_opaque(found: _Found) -> bool:
    place = f"/proc/self/fd/{found.within}/{found.name}"
    return not set(os.listxattr(place, follow_symlinks=False)).isdisjoint(_OPAQUE)
