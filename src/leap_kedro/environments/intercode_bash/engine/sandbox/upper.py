"""Reads what a command left in an upper directory: hostile data, on the host.

Names in it may be links that lead out, and may become such while one looks: nothing is followed, and each directory is
opened from the one above it. In an upper layer a character device 0:0 stands for something deleted, and a directory
with the attribute ``overlay.opaque`` for one that hides what is below it.
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
"""Errors of something that was there when its directory was read, and is not any more."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a layer takes: kB on the disk, files and directories, the depth of the deepest."""

    kilobytes: int
    entries: int
    depth: int

    def exceeds(self, limits: Limits) -> bool:
        """Whether it is more than allowed."""
        return self.kilobytes > limits.disk_mb * 1024 or self.entries > limits.entries or self.depth > limits.depth


@dataclass(frozen=True, slots=True)
class _Found:
    """Something in an upper directory: its name in the open directory `within`, its path and depth from the top."""

    within: int
    name: str
    path: str
    depth: int
    about: os.stat_result


def usage(upper: Path, limits: Limits, settled: bool) -> Usage:
    """What a layer takes; the count stops soon after a limit is passed.

    Args:
        upper: The directory.
        limits: What it may take.
        settled: Whether nothing runs in it any more. While something does, what is closed is not counted.
    """
    found = Usage(0, 0, 0)
    for each in _walk(upper, limits.depth, settled):
        found = Usage(found.kilobytes + each.about.st_blocks // 2, found.entries + 1, max(found.depth, each.depth))
        if found.exceeds(limits):
            break
    return found


def read_upper(upper: Path, limits: Limits) -> Layer:
    """What an upper directory holds in which nothing runs any more.

    Raises:
        SandboxFailure: If it cannot be read.
    """
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
            else:  # a pipe or a socket: git does not see it, and it stands where something of the tree may have been
                hidden.add(each.path)
    except OSError as error:
        raise SandboxFailure(f"The layer {upper} cannot be read: {error}") from error
    return Layer(present, frozenset(hidden))


def _walk(upper: Path, deepest: int, settled: bool) -> Iterator[_Found]:
    """All below a directory, down to what is one deeper than `deepest`."""
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
    """A directory, open; None if it is gone, or closed to its owner while something runs that could swap it."""
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
    """What its owner has closed is open to it meanwhile, where nothing runs; root needs no permission."""
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
