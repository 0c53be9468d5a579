"""What is told of a training that failed: which process was first, how it ended, and what it said at its end."""

import errno
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from leap_kedro.records.atomic import WRITE_ERRORS

STDERR_LINES = 15
"""Lines of a failed process's stderr that the error shows."""

LAUNCHER = "launcher.txt"
_FIRST = "first.txt"
_LITTLE = 1 << 20  # bytes
_FULL_MEMORY = "lower tokens_per_step, raise accumulation_steps, or take fewer processes"
_KILLED_FIRST = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS)


def keep_stderr(folder: Path, rank: int) -> None:
    """From here on, all that this process writes to stderr goes to its file in `folder`, libraries' in C included."""
    file = os.open(folder / f"rank-{rank}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    os.dup2(file, 2)
    os.close(file)


def claim_failure(folder: Path, rank: int) -> None:
    """Note that this process failed, unless another has before: those that wait for it fail after it."""
    try:
        with (folder / _FIRST).open("x") as file:
            file.write(str(rank))
    except OSError:  # it exists, or the disk is full
        pass


def unwritable(error: BaseException, folder: Path) -> str:
    """What to tell of an error that is the disk's; empty if it is another's.

    Args:
        error: What was raised. The writers of weights and optimizer state hide the system's error in their text, or
            leave it out.
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
    """What to tell of a training without a result.

    Args:
        folder: Folder of what the processes wrote to stderr.
        codes: Exit codes of the processes that failed on this machine, by rank; those killed by a signal have its
            number, negated.
        world_size: Processes of the training.
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
    """The process that the others failed by: one that was killed left no note, but those that wait for it do.

    The launcher ends the others by SIGTERM: one that left a note and was ended so is none that was first.
    """
    killed = [rank for rank, code in codes.items() if -code in _KILLED_FIRST]
    noted = (folder / _FIRST).read_text() if (folder / _FIRST).is_file() else ""
    if noted and not killed and codes.get(int(noted)) != -signal.SIGTERM:
        return int(noted)
    by_themselves = [rank for rank, code in codes.items() if code != -signal.SIGTERM]
    return next(iter([*killed, *by_themselves, *codes]), None)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    if -code == signal.SIGKILL:
        return (
            f"was killed by {name}. If nobody did that, the machine's memory was full (`dmesg` says so): {_FULL_MEMORY}"
        )
    return f"was killed by {name}"


def _end_of(file: Path) -> str:
    if not file.is_file():
        return ""
    return "\n".join(file.read_text(errors="replace").strip().splitlines()[-STDERR_LINES:])
