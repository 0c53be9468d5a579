"""Error messages for users: one message with a remedy, without advice that does not apply."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kedro.io import DatasetError, DatasetNotFoundError

from leap_kedro.datasets.errors import cannot_write, is_refusal
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.records import UserError

_LITTLE = 1 << 20  # bytes

_DROPPED = ("You can resume the pipeline run", "Workflow tracking is disabled")

logger = logging.getLogger(__name__)


@contextmanager
def as_user_errors(data: Path) -> Iterator[None]:
    """Turn errors of libraries that a user can fix into a `UserError`. Other errors are raised unchanged.

    Args:
        data: Folder that the run writes to.
    """
    try:
        yield
    except (UserError, DatasetError, OSError) as error:
        fixable = _fixable(error, data)
        if fixable is None:
            raise
        if _is_full(data):
            # On a full disk, other processes cannot report why they failed.
            raise RunRefused(f"{fixable}\nThe disk that holds {data} is full: free some space.") from error
        if fixable is error:
            raise
        raise RunRefused(str(fixable)) from error
    except KeyboardInterrupt:
        logger.warning("Interrupted. What is finished is kept: the same command continues.")
        raise


def _fixable(error: BaseException | None, data: Path) -> UserError | None:
    """The error that a user can fix, among this one and its causes. Kedro wraps errors of datasets once or twice."""
    while error is not None:
        if isinstance(error, UserError):
            return error
        if isinstance(error, DatasetNotFoundError):
            return RunRefused(str(error))
        if isinstance(error, OSError) and is_refusal(error):
            return cannot_write(Path(error.filename or data), error)
        error = error.__cause__
    return None


def _is_full(data: Path) -> bool:
    there = next(folder for folder in (data, *data.parents) if folder.is_dir())
    return shutil.disk_usage(there).free < _LITTLE


class _NoHints(logging.Filter):
    """Removes advice that does not apply.

    Kedro suggests to continue with ``--from-nodes``, but the same command continues without repeating anything.
    kedro-viz reports that it records no times if a part of a pipeline runs.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the message is shown."""
        text = record.getMessage()
        return not any(hint in text for hint in _DROPPED)


_NO_HINTS = _NoHints()


def drop_hints() -> None:
    """Keep advice that does not apply out of the log."""
    for name in ("kedro.runner.sequential_runner", "kedro_viz.integrations.kedro.run_hooks"):
        logging.getLogger(name).addFilter(_NO_HINTS)
