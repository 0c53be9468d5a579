"""The file system around a tree: what a command expects of any machine."""

import os
import time
from pathlib import Path

from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Entry, Kind, Tree

_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    "etc/group": "root:x:0:\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n",
}
_FOLDERS = tuple("dev proc root tmp usr etc/alternatives home mnt opt run srv sys var/log".split())
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SHARED = [Path("/", name) for name in ("usr", "etc/alternatives", *_SYSTEM)]

SYSTEM_MOUNTS = tuple(path for path in _SHARED if path.is_dir() and not path.is_symlink())
"""Directories of the host that are seen, read-only."""


WRITTEN = frozenset((*_FOLDERS, *_SYSTEM, *_FILES, "etc", "var"))
"""Paths that are there besides the tree."""


def write_tree(folder: Path, tree: Tree, owner: int | None) -> None:
    """Write a skeleton with a tree in it.

    The newest of the tree is as new as this moment, and the others by as much older as they are: commands ask how old a
    file is, never when it was made.

    Args:
        folder: An empty folder.
        tree: What is to be in it.
        owner: User and group id that all of it belongs to; None: this process's.
    """
    _write_skeleton(folder)
    for path, entry in tree.entries.items():
        _write_entry(folder / path, entry)
    if owner is not None:
        for parent, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(Path(parent, name), owner, owner, follow_symlinks=False)
    newest = max((entry.modified for entry in tree.entries.values()), default=0)
    now = time.time()
    for path, entry in reversed(list(tree.entries.items())):
        at = now - (newest - entry.modified)
        os.utime(folder / path, (at, at), follow_symlinks=False)


def _write_skeleton(folder: Path) -> None:
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in _SYSTEM:
        host = Path("/", name)
        if host.is_symlink():
            (folder / name).symlink_to(str(host.readlink()).lstrip("/"))
        elif host.is_dir():
            (folder / name).mkdir()
    for name, text in _FILES.items():
        (folder / name).write_text(text)


def _write_entry(place: Path, entry: Entry) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    match entry.kind:
        case Kind.FOLDER:
            place.mkdir(exist_ok=True)
            place.chmod(entry.mode | 0o700)
        case Kind.LINK:
            place.symlink_to(os.fsdecode(entry.content))
        case Kind.FILE:
            place.write_bytes(entry.content)
            place.chmod(entry.mode)
