"""Computes the changes of a layer to its tree.

The result equals ``git status --short``: a new directory is listed as the topmost one without tracked files; empty
directories and permissions other than the right to execute are ignored.
"""

import hashlib
import os
import posixpath
from collections.abc import Mapping

from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Changes, Layer, Status
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Entry, Kind, Tree

_MAX_LINKS = 40  # that a kernel follows

IGNORED = frozenset("bin boot dev etc home lib media opt proc root run sbin srv sys usr var".split())
"""Names that the original's ``.gitignore`` hides anywhere in a path."""


def whole(present: Mapping[str, Entry], tree: Tree) -> Layer:
    """The layer of a file system that is known completely: missing entries of the tree count as deleted."""
    return Layer(present, frozenset(tree.entries.keys() - present.keys()))


def compare(layer: Layer, tree: Tree) -> Changes:
    """The changes of a layer to its tree."""
    present = layer.present
    tracked = {path: entry for path, entry in tree.entries.items() if entry.kind is not Kind.FOLDER and is_seen(path)}
    folders = {parent for path in tracked for parent in _parents(path)}
    files: dict[str, Status] = {}
    made: dict[str, Entry] = {}
    for path, entry in present.items():
        if entry.kind is Kind.FOLDER or not is_seen(path):
            continue
        if path not in tracked:
            if tracked.keys().isdisjoint(_parents(path)):  # git ignores a directory that replaces a file
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
    """Whether changes at a path are reported."""
    return IGNORED.isdisjoint(path.split("/"))


def _parents(path: str) -> list[str]:
    """Directories above a path, the topmost first."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


def _is_gone(path: str, layer: Layer) -> bool:
    return path in layer.hidden or any(parent in layer.hidden for parent in _parents(path))


def _followed(path: str, entry: Entry, layer: Layer, tree: Tree) -> Entry:
    """The target of a link for the checksum; all links that lead to no file are equal."""
    for _ in range(_MAX_LINKS):
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
