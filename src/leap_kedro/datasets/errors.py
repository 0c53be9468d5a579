"""Errors of storage, in the user's terms."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kedro.io import DatasetError

from leap_kedro.records import UserError
from leap_kedro.records.atomic import WRITE_ERRORS


class StorageError(UserError, DatasetError):
    """A file could not be read or written; the message names the path, the cause and what to do next."""


def is_refusal(error: OSError) -> bool:
    """Whether the operating system refused to write, for a reason that the user can fix."""
    return error.errno in WRITE_ERRORS


def cannot_write(path: Path, error: OSError) -> StorageError:
    """The error to raise when writing `path` failed with `error`."""
    cause = WRITE_ERRORS.get(error.errno or 0, f"{error.strerror or error}. Fix that")
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
