"""Files that travel to the machines of a cluster, and folders that travel once per machine and content."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from leap_kedro.records.atomic import replaced_folder

Files = dict[str, NDArray[np.uint8]]
"""Contents of files, by their path below a folder. Ray passes arrays on without copying them."""

_LOCK = ".lock"


def read_files(folder: Path, names: Iterable[str]) -> Files:
    """Contents of files, and of all files in folders, below a folder; without those that are absent."""
    found: Files = {}
    for name in names:
        path = folder / name
        with suppress(FileNotFoundError):  # absent, or a checkpoint that is being removed
            files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
            found |= {each.relative_to(folder).as_posix(): np.fromfile(each, np.uint8) for each in files}
    return found


def write_files(folder: Path, files: Mapping[str, NDArray[np.uint8]]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content.tofile(path)


@dataclass(frozen=True, slots=True)
class FolderContent:
    """The files of a folder, without its subfolders.

    Attributes:
        digest: SHA-256 of names and contents.
        files: The contents.
    """

    digest: str
    files: Files

    @classmethod
    def of(cls, folder: Path) -> "FolderContent":
        """Read a folder."""
        files = read_files(folder, sorted(file.name for file in folder.iterdir() if file.is_file()))
        digest = sha256()
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content.data)
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
                write_files(temporary, content().files)


def _remove_unused(store: Path) -> None:
    for folder in store.iterdir():
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        with _opened(folder) as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _opened(folder: Path) -> IO[str]:
    return folder.with_name(folder.name + _LOCK).open("a")
