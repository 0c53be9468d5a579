"""Watches a running command: its output, its time, its memory and its disk, and ends it when it goes too far."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from leap_kedro.environments.intercode_bash.sandbox.protocol import Ending, Executed, Limits, SandboxFailure

_GONE_WITHIN = 30.0  # seconds
_LOOK_EVERY = 0.1  # seconds: often enough that a disk is not filled in between, and most commands never wait for it


def supervise(process: "subprocess.Popen[bytes]", limits: Limits, disk_is_full: Callable[[], bool]) -> Executed:
    """Read a command's output to its end, or end it; nothing that it started runs any more afterwards.

    Args:
        process: A process that has just been started, standard output piped. Its child is the first process of a
            namespace, with which all others there end, and it waits for that child.
        limits: What it may use.
        disk_is_full: Whether its changes are more than allowed.
    """
    output, most = bytearray(), limits.output_kb * 1024
    started = time.monotonic()
    ending = Ending.EXITED
    stdout = process.stdout
    if stdout is None:
        raise TypeError("the output of the process is not piped")
    ended = os.pidfd_open(process.pid)
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
    """Kill a process's child and wait for the process, which ends when the child and all below it are gone."""
    for each in _children(process.pid):
        with suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)
    try:
        process.wait(_GONE_WITHIN)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise SandboxFailure(f"A command that was killed did not end within {_GONE_WITHIN:.0f} seconds.") from error


def _children(pid: int, recursive: bool = False) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=recursive))
    except psutil.NoSuchProcess:
        return []


def _overstepped(pid: int, limits: Limits, seconds: float, disk_is_full: Callable[[], bool]) -> Ending:
    if seconds > limits.seconds:
        return Ending.TIME
    if disk_is_full():
        return Ending.DISK
    return Ending.MEMORY if _resident(pid) > limits.memory_mb * 1024 * 1024 else Ending.EXITED


def _resident(pid: int) -> int:
    """Memory of all that descend from a process, bytes."""
    total = 0
    for each in _children(pid, recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += each.memory_info().rss
    return total
