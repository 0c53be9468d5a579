"""Folders that travel to the machines of a cluster: once per machine and content."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from leap_kedro.records.atomic import replaced_folder

_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class FolderContent:
    """The files of a folder, without its subfolders.

    Attributes:
        digest: SHA-256 of names and contents.
        files: Name -> content.
    """

    digest: str
    files: dict[str, bytes]

    @classmethod
    def of(cls, folder: Path) -> "FolderContent":
        """Read a folder."""
        files = {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}
        digest = sha256()
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return cls(digest.hexdigest(), files)


class NodeFolder:
    """A folder on this machine with some content, which stays while this object lives.

    Attributes:
        path: The folder.
    """

    def __init__(self, digest: str) -> None:
        """Hold the folder of that content, which need not be there yet."""
        store = Path(tempfile.gettempdir()) / f"leap_kedro-{os.getuid()}"
        store.mkdir(mode=0o700, exist_ok=True)
        if store.stat().st_uid != os.getuid():
            raise PermissionError(f"{store} belongs to another user")
        self.path = store / digest
        self._lock = _opened(self.path)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    @property
    def exists(self) -> bool:
        """Whether the content is there."""
        return self.path.is_dir()

    def write(self, content: FolderContent) -> None:
        """As `fetch`, with the content at hand."""
        self.fetch(lambda: content)

    def fetch(self, content: Callable[[], FolderContent]) -> None:
        """Write the content, unless another process has; folders that nobody holds are removed before."""
        with _opened(self.path.with_name("writing")) as writing:
            fcntl.flock(writing, fcntl.LOCK_EX)
            if self.exists:
                return
            _remove_unused(self.path.parent)
            with replaced_folder(self.path) as temporary:
                temporary.mkdir()
                for name, data in content().files.items():
                    (temporary / name).write_bytes(data)


def _remove_unused(store: Path) -> None:
    for folder in store.iterdir():
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        with _opened(folder) as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _opened(folder: Path) -> IO[str]:
    return folder.with_name(folder.name + _LOCK).open("a")
