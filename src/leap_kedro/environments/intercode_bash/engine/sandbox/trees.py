"""Trees: the initial file systems of tasks, as values."""

import hashlib
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path, PurePosixPath

from leap_kedro.environments.protocol import TaskDataError


class Kind(StrEnum):
    """Kind of an entry."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, a directory or a symbolic link.

    Attributes:
        kind: Its kind.
        content: Bytes of a file, target of a link.
        mode: Permission bits.
        modified: Time of the last change, seconds since 1970.
    """

    kind: Kind
    content: bytes = b""
    mode: int = 0o644
    modified: int = 0

    @property
    def executable(self) -> bool:
        """Whether its owner may execute it: the only permission that ``git status`` considers."""
        return bool(self.mode & 0o100)


@dataclass(frozen=True)
class Tree:
    """Entries by path without the leading "/"; directories come before their contents."""

    entries: Mapping[str, Entry]

    @cached_property
    def digest(self) -> str:
        """Hash of all entries."""
        made = hashlib.sha256()
        for path, entry in sorted(self.entries.items()):
            about = f"{path}\0{entry.kind}\0{entry.mode:o}\0{entry.modified}\0{len(entry.content)}\0"
            made.update(about.encode("utf-8", "surrogateescape") + entry.content)
        return made.hexdigest()[:24]

    def without_empty_folders(self) -> "Tree":
        """The tree without directories that contain no file at any depth."""
        held = {
            str(parent)
            for path, entry in self.entries.items()
            if entry.kind is not Kind.FOLDER
            for parent in PurePosixPath(path).parents
        }
        return Tree(
            {path: entry for path, entry in self.entries.items() if entry.kind is not Kind.FOLDER or path in held}
        )


def tree_of(files: Mapping[str, str | bytes], modified: int = 0) -> Tree:
    """A tree of files by path with their directories; a path that ends in "/" is an empty directory."""
    entries: dict[str, Entry] = {}
    for path, content in files.items():
        pure = PurePosixPath(path.strip("/"))
        for parent in reversed(pure.parents[:-1]):
            entries.setdefault(str(parent), Entry(Kind.FOLDER, mode=0o755, modified=modified))
        raw = content.encode() if isinstance(content, str) else content
        folder = path.endswith("/")
        entries[str(pure)] = Entry(Kind.FOLDER if folder else Kind.FILE, raw, 0o755 if folder else 0o644, modified)
    return Tree(entries)


def read_tree(path: Path) -> Tree:
    """The tree in a tar file, plain or compressed.

    Raises:
        TaskDataError: If it cannot be read or has entries other than files, directories and symbolic links.
    """
    try:
        with tarfile.open(path) as archive:
            return Tree(dict(members(archive)))
    except (OSError, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, ValueError) as error:
        raise TaskDataError(f"The file system {path} cannot be read: {error}") from error


def members(archive: tarfile.TarFile) -> Iterable[tuple[str, Entry]]:
    """Path and entry of each member of an archive. Raises `ValueError` if a tree cannot contain a member."""
    for member in archive:
        pure = PurePosixPath(member.name.strip("/"))
        if ".." in pure.parts or str(pure) == ".":
            raise ValueError(f"it has the path '{member.name}'")
        mode, modified = member.mode & 0o777, int(member.mtime)
        if member.isdir():
            yield str(pure), Entry(Kind.FOLDER, b"", mode, modified)
        elif member.issym():
            yield str(pure), Entry(Kind.LINK, os.fsencode(member.linkname), mode, modified)
        elif member.isfile():
            file = archive.extractfile(member) or io.BytesIO()
            yield str(pure), Entry(Kind.FILE, file.read(), mode, modified)
        else:
            raise ValueError(f"'{member.name}' is neither file, directory nor symbolic link")
