"""Files and folders that are written whole or not at all: under a temporary name, then renamed into place."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WRITE_ERRORS = {
    errno.ENOSPC: "the disk is full. Free some space",
    errno.EDQUOT: "the disk quota is used up. Free some space",
    errno.EFBIG: "the file is larger than this process may write (`ulimit -f`). Raise that limit",
    errno.EROFS: "the file system is read-only. Make it writable",
    errno.EACCES: "permission is denied. Make the folder writable for this user",
    errno.EPERM: "permission is denied. Make the folder writable for this user",
}
"""Why the operating system refuses to write, and what to do, by error number."""


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """A temporary path for a file, which takes the place of `path` if the block ends without an error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """A temporary path for a folder, which takes the place of `path` if the block ends without an error.

    A process that was killed leaves it behind; the next one removes it.
    """
    temporary = path.with_name(f".{path.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    yield temporary
    shutil.rmtree(path, ignore_errors=True)
    temporary.replace(path)
