"""Describes a failed training: which process failed first, how it ended, and the end of its stderr."""

import errno
import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from leap_kedro.records import UserError
from leap_kedro.records.atomic import WRITE_ERRORS

STDERR_LINES = 15
"""Number of lines of a failed process's stderr in the error."""

LAUNCHER = "launcher.txt"
FIRST = "first.txt"
"""File of `claim_failure`, in the folder of stderr."""

_LITTLE = 1 << 20  # bytes
_FULL_MEMORY = "lower tokens_per_step, raise accumulation_steps, or take fewer processes"
_KILLED_FIRST = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS)


class TrainingFailed(UserError):
    """The training ended without a result; the message contains the end of its stderr."""


def stderr_folder(work: Path) -> Path:
    """Folder for the stderr of all processes of a training, on all machines: ``rank-0.txt`` and so on."""
    return work / "stderr"


def empty_stderr(work: Path) -> Path:
    """`stderr_folder`, emptied of what an earlier call has left."""
    folder = stderr_folder(work)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def keep_stderr(folder: Path, rank: int) -> None:
    """Redirects this process's stderr to its file in `folder`, including the output of C libraries."""
    file = os.open(folder / f"rank-{rank}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    os.dup2(file, 2)
    os.close(file)


def claim_failure(folder: Path, rank: int) -> None:
    """Records that this process failed first, unless another one has: processes that wait for it fail after it."""
    with suppress(OSError), (folder / FIRST).open("x") as file:  # the file exists, or the disk is full
        file.write(str(rank))


def unwritable(error: BaseException, folder: Path) -> str:
    """The message for an error of the disk; empty for any other error.

    Args:
        error: The exception. The writers of weights and optimizer state only quote the system's error, or omit it.
        folder: Folder that was written to.
    """
    text = str(error)
    code = getattr(error, "errno", None) or next((code for code in WRITE_ERRORS if os.strerror(code) in text), None)
    if code not in WRITE_ERRORS and "inline_container.cc" in text and shutil.disk_usage(folder).free < _LITTLE:
        code = errno.ENOSPC
    if code not in WRITE_ERRORS:
        return ""
    return (
        f"Cannot write {getattr(error, 'filename', None) or folder}: {WRITE_ERRORS[code]}, then run the same command "
        "again: it continues from the last whole checkpoint."
    )


def failure(folder: Path, codes: Mapping[int, int], world_size: int) -> str:
    """The message for a training that ended without a result.

    Args:
        folder: Folder with the stderr of the processes.
        codes: Exit codes of the processes that failed on this machine, by rank; a negative code is the number of the
            signal that killed the process.
        world_size: Number of processes of the training.
    """
    rank = _first(folder, codes)
    if rank is None:
        file, which, ended = folder / LAUNCHER, "the training", "ended without a result"
    else:
        file = folder / f"rank-{rank}.txt"
        which = "the training process" if world_size == 1 else f"process {rank} of {world_size} (counted from 0)"
        ended = _ending(codes[rank]) if rank in codes else "failed"
    said = _end_of(file) or _end_of(folder / LAUNCHER)
    memory = any(name in said for name in ("OutOfMemoryError", "can't allocate memory"))
    hint = f"Memory is full: {_FULL_MEMORY}.\n" if memory else ""
    return (
        f"{which} {ended}; the end of {file}:\n{said}\n{hint}"
        "Run the same command again: it continues from the last whole checkpoint."
    )


def _first(folder: Path, codes: Mapping[int, int]) -> int | None:
    """The process that caused the failure of the others.

    A process that was killed leaves no record, but those that waited for it do. The launcher ends the others by
    SIGTERM, so a recorded process that ended by SIGTERM was not the first.
    """
    killed = [rank for rank, code in codes.items() if -code in _KILLED_FIRST]
    recorded = (folder / FIRST).read_text() if (folder / FIRST).is_file() else ""
    if recorded and not killed and codes.get(int(recorded)) != -signal.SIGTERM:
        return int(recorded)
    not_ended = [rank for rank, code in codes.items() if code != -signal.SIGTERM]
    return next(iter([*killed, *not_ended, *codes]), None)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    hint = f". If nobody did that, the machine's memory was full (see `dmesg`): {_FULL_MEMORY}"
    return f"was killed by {signal.Signals(-code).name}{hint if -code == signal.SIGKILL else ''}"


def _end_of(file: Path) -> str:
    if not file.is_file():
        return ""
    return "\n".join(file.read_text(errors="replace").strip().splitlines()[-STDERR_LINES:])
