"""What an overlay's upper layer says about the changes made to a tree.

In an upper layer a character device 0:0 stands for something deleted, and a directory with the attribute
``overlay.opaque`` for one that hides what is below it. The changes come out as ``git status --short`` tells them: new
directories collapse to the topmost without tracked files, empty directories are not seen, permissions but the right to
run neither.
"""

import errno
import hashlib
import os
import posixpath
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from leap_kedro.environments.intercode_bash.sandbox.protocol import Changes, Layer, Limits, SandboxFailure, Status
from leap_kedro.environments.intercode_bash.sandbox.trees import Entry, Kind, Tree

_MOST_LINKS = 40  # that a kernel follows
_OPAQUE = ("user.overlay.opaque", "trusted.overlay.opaque")

IGNORED = frozenset(
    (
        "bin",
        "boot",
        "dev",
        "etc",
        "home",
        "lib",
        "media",
        "opt",
        "proc",
        "root",
        "run",
        "sbin",
        "srv",
        "sys",
        "usr",
        "var",
    )
)
"""Names that the original's ``.gitignore`` hides anywhere in a path."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a layer takes: kB on the disk, files and directories, the depth of the deepest."""

    kilobytes: int
    entries: int
    depth: int

    def exceeds(self, limits: Limits) -> bool:
        """Whether it is more than allowed."""
        return self.kilobytes > limits.disk_mb * 1024 or self.entries > limits.entries or self.depth > limits.depth


def usage(upper: Path, limits: Limits) -> Usage:
    """What a layer takes; the count stops soon after a limit is passed."""
    found = Usage(0, 0, 0)
    try:
        for _, about, depth in _walk(upper):
            found = Usage(found.kilobytes + about.st_blocks // 2, found.entries + 1, max(found.depth, depth))
            if found.exceeds(limits):
                break
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return Usage(found.kilobytes, found.entries, limits.depth + 1)
    return found


def read_upper(upper: Path) -> Layer:
    """What an upper directory holds.

    Raises:
        SandboxFailure: If it cannot be read.
    """
    try:
        return _read(upper)
    except OSError as error:
        raise SandboxFailure(f"The layer {upper} cannot be read: {error}") from error


def whole(present: Mapping[str, Entry], tree: Tree) -> Layer:
    """The layer of a file system that is known as a whole: what of the tree is not in it is deleted."""
    return Layer(present, frozenset(tree.entries.keys() - present.keys()))


def compare(layer: Layer, tree: Tree) -> Changes:
    """How a tree with a layer over it differs from the tree."""
    present = layer.present
    tracked = {path: entry for path, entry in tree.entries.items() if entry.kind is not Kind.FOLDER and is_seen(path)}
    folders = {parent for path in tracked for parent in _parents(path)}
    files: dict[str, Status] = {}
    made: dict[str, Entry] = {}
    for path, entry in present.items():
        if entry.kind is Kind.FOLDER or not is_seen(path):
            continue
        if path not in tracked:
            if tracked.keys().isdisjoint(_parents(path)):  # git does not look into a directory in place of a file
                made[path] = entry
        elif tracked[path].kind is not entry.kind:
            files[path] = Status.TYPE
        elif (tracked[path].content, tracked[path].executable) != (entry.content, entry.executable):
            files[path] = Status.MODIFIED
    for path in tracked:
        gone = _is_gone(path, layer)
        replaced = any(parent in present and present[parent].kind is not Kind.FOLDER for parent in _parents(path))
        if (path not in present and (gone or replaced)) or (path in present and present[path].kind is Kind.FOLDER):
            files[path] = Status.DELETED
    collapsed: dict[str, dict[str, Entry]] = {}
    for path, entry in made.items():
        top = next((parent for parent in _parents(path) if parent not in folders), None)
        collapsed.setdefault(path if top is None else f"{top}/", {})[path] = _followed(path, entry, layer, tree)
    files.update(dict.fromkeys(collapsed, Status.NEW))
    return Changes(files, {path: _digest(entries) for path, entries in collapsed.items()})


def is_seen(path: str) -> bool:
    """Whether changes at a path are told."""
    return IGNORED.isdisjoint(path.split("/"))


def _parents(path: str) -> list[str]:
    """Directories above a path, the topmost first."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


def _is_gone(path: str, layer: Layer) -> bool:
    return path in layer.hidden or any(parent in layer.hidden for parent in _parents(path))


def _followed(path: str, entry: Entry, layer: Layer, tree: Tree) -> Entry:
    """What a link leads to, as a checksum of it sees it; all that leads to no file is the same."""
    for _ in range(_MOST_LINKS):
        if entry.kind is not Kind.LINK:
            break
        target = os.fsdecode(entry.content)
        path = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), target)).lstrip("/")
        beneath = None if _is_gone(path, layer) else tree.entries.get(path)
        entry = layer.present.get(path) or beneath or Entry(Kind.FOLDER)
    return entry if entry.kind is Kind.FILE else Entry(Kind.LINK)


def _digest(entries: Mapping[str, Entry]) -> str:
    made = hashlib.sha256()
    for path, entry in sorted(entries.items()):
        made.update(f"{path}\0{entry.kind}\0{len(entry.content)}\0".encode("utf-8", "surrogateescape") + entry.content)
    return made.hexdigest()


def _walk(folder: Path) -> Iterator[tuple[str, os.stat_result, int]]:
    """Path, status and depth of all below a folder, itself left out; links are not followed."""
    waiting = [("", 0)]
    while waiting:
        place, depth = waiting.pop()
        with _readable(folder / place), suppress(FileNotFoundError), os.scandir(folder / place) as found:
            for each in found:
                about = each.stat(follow_symlinks=False)
                path = f"{place}/{each.name}" if place else each.name
                yield path, about, depth + 1
                if stat.S_ISDIR(about.st_mode):
                    waiting.append((path, depth + 1))


def _read(upper: Path) -> Layer:
    present: dict[str, Entry] = {}
    hidden: set[str] = set()
    for path, about, _ in _walk(upper):
        place = upper / path
        if stat.S_ISCHR(about.st_mode) and about.st_rdev == 0:
            hidden.add(path)
        elif stat.S_ISDIR(about.st_mode):
            present[path] = Entry(Kind.FOLDER, mode=stat.S_IMODE(about.st_mode))
            if not set(os.listxattr(place, follow_symlinks=False)).isdisjoint(_OPAQUE):
                hidden.add(path)
        elif stat.S_ISLNK(about.st_mode):
            present[path] = Entry(Kind.LINK, os.fsencode(os.readlink(place)))
        elif stat.S_ISREG(about.st_mode):
            present[path] = Entry(Kind.FILE, _content(place), stat.S_IMODE(about.st_mode))
        else:  # a pipe or a socket: git does not see it, and it stands where something of the tree may have been
            hidden.add(path)
    return Layer(present, frozenset(hidden))


def _content(place: Path) -> bytes:
    with _readable(place):
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            return file.read()


@contextmanager
def _readable(place: Path) -> Iterator[None]:
    """Something that its owner may not read is made readable meanwhile."""
    mode = stat.S_IMODE(place.lstat().st_mode)
    if os.geteuid() == 0 or mode & 0o500 == 0o500 or (mode & 0o400 and not place.is_dir()):
        yield
        return
    place.chmod(mode | 0o700)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            place.chmod(mode)
