"""Watches the output, time, memory and disk usage of a command, and ends it if it exceeds a limit."""

import os
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, Executed, Limits, SandboxFailure

_GONE_WITHIN = 30.0  # seconds
_LOOK_EVERY = 0.1  # seconds: short enough to protect the disk, longer than most commands


def supervise(process: "subprocess.Popen[bytes]", limits: Limits, disk_is_full: Callable[[], bool]) -> Executed:
    """Read a command's output to its end, or end the command; no process of it runs afterwards.

    Args:
        process: A new process with piped standard output. It waits for its child, the first process of a namespace,
            with which all other processes of the namespace end.
        limits: Its resource limits.
        disk_is_full: Whether its changes exceed a limit.
    """
    output, most = bytearray(), limits.output_kb * 1024
    started = time.monotonic()
    ending = Ending.EXITED
    stdout = process.stdout
    if stdout is None:
        raise TypeError("the output of the process is not piped")
    try:
        ended = os.pidfd_open(process.pid)
    except OSError as error:
        _end(process)
        raise SandboxFailure(f"A command cannot be watched, and was ended: {error}") from error
    try:
        with selectors.DefaultSelector() as waiting:
            waiting.register(stdout, selectors.EVENT_READ)
            waiting.register(ended, selectors.EVENT_READ)
            next_look = started + _LOOK_EVERY
            running = True
            while running and ending is Ending.EXITED:
                ready = {key.fileobj for key, _ in waiting.select(_LOOK_EVERY)}
                if stdout in ready:
                    read = os.read(stdout.fileno(), 65536)
                    output += read
                    if not read:
                        waiting.unregister(stdout)
                running = ended not in ready
                if len(output) > most:
                    ending = Ending.OUTPUT
                elif running and time.monotonic() >= next_look:
                    next_look = time.monotonic() + _LOOK_EVERY
                    ending = _overstepped(process.pid, limits, time.monotonic() - started, disk_is_full)
    finally:
        os.close(ended)
        if process.poll() is None:
            _end(process)
    with suppress(BlockingIOError):
        os.set_blocking(stdout.fileno(), False)
        while len(output) <= most and (read := os.read(stdout.fileno(), 65536)):
            output += read
    stdout.close()
    if ending is Ending.EXITED and len(output) > most:
        ending = Ending.OUTPUT
    return Executed(bytes(output[:most]), process.returncode, ending)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the child of a process and wait for the process, which ends after the child and its descendants."""
    last = time.monotonic() + _GONE_WITHIN
    while time.monotonic() < last:
        for each in _children(process.pid):  # in a loop, because it may not have a child yet
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_EVERY)
            return
    process.kill()
    process.wait()
    raise SandboxFailure(f"A command that was killed did not end within {_GONE_WITHIN:.0f} seconds.")


def _children(pid: int, recursive: bool = False) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=recursive))
    except psutil.NoSuchProcess:
        return []


def _overstepped(pid: int, limits: Limits, seconds: float, disk_is_full: Callable[[], bool]) -> Ending:
    if seconds > limits.seconds:
        return Ending.TIME
    running = _children(pid, recursive=True)
    if disk_is_full() or _nameless(running) > limits.disk_mb * 1024 * 1024:
        return Ending.DISK
    return Ending.MEMORY if _resident(running) > limits.memory_mb * 1024 * 1024 else Ending.EXITED


def _resident(running: Sequence[psutil.Process]) -> int:
    """Memory of processes, bytes."""
    total = 0
    for each in running:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += each.memory_info().rss
    return total


def _nameless(running: Sequence[psutil.Process]) -> int:
    """Size of the files that processes hold open and no directory lists (deleted, or in memory), bytes."""
    sizes: dict[tuple[int, int], int] = {}
    for each in running:
        with suppress(OSError), os.scandir(f"/proc/{each.pid}/fd") as handles:
            for handle in handles:
                with suppress(OSError):
                    about = handle.stat()
                    if stat.S_ISREG(about.st_mode) and about.st_nlink == 0:
                        sizes[about.st_dev, about.st_ino] = about.st_blocks * 512
    return sum(sizes.values())
