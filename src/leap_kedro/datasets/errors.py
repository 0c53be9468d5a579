"""What can go wrong with storage, told in the user's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kedro.io import DatasetError

from leap_kedro.records import UserError

_CAUSES = {
    errno.ENOSPC: "the disk is full. Free some space",
    errno.EDQUOT: "the disk quota is used up. Free some space",
    errno.EROFS: "the file system is read-only. Make it writable",
    errno.EACCES: "permission is denied. Make the folder writable for this user",
    errno.EPERM: "permission is denied. Make the folder writable for this user",
}


class StorageError(UserError, DatasetError):
    """A file could not be read or written; the message names the path, the cause and what to do next."""


def is_refusal(error: OSError) -> bool:
    """Whether the operating system refused to write, for a reason that the user can mend."""
    return error.errno in _CAUSES


def cannot_write(path: Path, error: OSError) -> StorageError:
    """The error to raise when writing `path` failed with `error`."""
    cause = _CAUSES.get(error.errno or 0, f"{error.strerror or error}. Mend that")
    return StorageError(
        f"Cannot write {path}: {cause}, then run the same command again: "
        "it continues where it stopped, and all that was finished is kept."
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals while `path` is written into a `StorageError`."""
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from error
