"""The file system around a tree: what commands expect on any machine."""

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
"""Directories of the host that are visible, read-only."""

WRITTEN = frozenset((*_FOLDERS, *_SYSTEM, *_FILES, "etc", "var"))
"""Paths that exist besides the tree."""


def write_tree(folder: Path, tree: Tree, owner: int | None) -> None:
    """Write a skeleton that contains a tree.

    Times are shifted so that the newest entry of the tree is new now: commands ask for the age of files, not for the
    date.

    Args:
        folder: An empty folder.
        tree: The tree.
        owner: User and group id of all files; None for those of this process.
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
