"""The actor that runs a machine's processes of a training on a Ray cluster.

It starts the same launcher as a user would by hand (`training.join`), and passes on what the processes write. Calls are
short, so that the driver always knows whether the machine lives. If the actor dies, the processes end with their stdin.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from filelock import FileLock, Timeout

from leap_kedro.compute.node_files import Files, read_files, write_files
from leap_kedro.training.checkpoints import whole
from leap_kedro.training.failures import FIRST, LAUNCHER, stderr_folder
from leap_kedro.training.join import JOB, processes
from leap_kedro.training.parameters import Job

LONGEST_CALL = 1.0
"""Seconds that a call waits for news."""


@dataclass(frozen=True, slots=True)
class Place:
    """A machine that is ready.

    Attributes:
        host: Its address.
        port: A free port.
        folder: Temporary folder with the files that it was given.
    """

    host: str
    port: int
    folder: Path


@dataclass(frozen=True, slots=True)
class News:
    """What has happened on a machine since the last call.

    Attributes:
        lines: Lines printed by the processes.
        checkpoints: Names of the complete checkpoints that this machine has written.
        code: Exit code of the launcher; None while it runs.
    """

    lines: tuple[str, ...]
    checkpoints: tuple[str, ...]
    code: int | None


class Machine:
    """A machine's part of a training; one call at a time."""

    def __init__(self) -> None:
        """Make the temporary folder."""
        self._folder, self._lock = _own_folder()
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._child: subprocess.Popen[str] | None = None
        self._checkpoints = Path()

    def prepare(self, files: Mapping[str, Any]) -> Place:
        """Receive files: references to their contents by name in the temporary folder."""
        import ray

        for name, content in files.items():
            write_files(self._folder, {name: ray.get(content)})
        with socket.socket() as one:
            one.bind(("", 0))
            address = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
            return Place(address, one.getsockname()[1], self._folder)

    def start(self, job: Job, node_rank: int, work: Path) -> None:
        """Start the processes.

        Args:
            job: The job.
            node_rank: Number of this machine.
            work: Folder for stderr, and for the job file, which is there on shared storage.
        """
        job_file = work / JOB
        if work == self._folder:
            job_file.write_text(job.model_dump_json())
        stderr_folder(work).mkdir(exist_ok=True)
        with (stderr_folder(work) / LAUNCHER).open("a") as errors:
            self._child = processes(job_file, job.parameters, node_rank, errors)
        self._checkpoints = job.checkpoints
        threading.Thread(target=self._read, args=(self._child,), daemon=True).start()

    def _read(self, child: "subprocess.Popen[str]") -> None:
        for line in child.stdout or ():
            self._lines.put(line)
        self._lines.put(None)

    def news(self) -> News:
        """Wait a moment for news."""
        found: list[str | None] = []
        with suppress(Empty):
            found.append(self._lines.get(timeout=LONGEST_CALL))
            while True:
                found.append(self._lines.get_nowait())
        code = self._child.wait() if self._child and None in found else None
        checkpoints = tuple(mark.parent.name for mark in whole(self._checkpoints))
        return News(tuple(line for line in found if line is not None), checkpoints, code)

    def files(self, names: Iterable[str]) -> Files:
        """Contents of files, and of all files in folders, of the temporary folder; without those that are absent."""
        return read_files(self._folder, names)

    def failed_first(self) -> float | None:
        """Time at which a process of this machine recorded that it failed first; None if none did."""
        with suppress(OSError):
            return (stderr_folder(self._folder) / FIRST).stat().st_mtime
        return None

    def stop(self) -> None:
        """End the processes."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()

    def close(self) -> None:
        """End the processes and remove the temporary folder."""
        self.stop()
        if self._child is not None:
            self._child.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.release()


def _own_folder() -> tuple[Path, FileLock]:
    """A temporary folder and the lock that keeps it; folders of actors that were killed are removed."""
    store = Path(tempfile.gettempdir()) / f"leap_kedro-training-{os.getuid()}"
    store.mkdir(mode=0o700, exist_ok=True)
    if store.stat().st_uid != os.getuid():
        raise PermissionError(f"{store} belongs to another user")
    for folder in store.iterdir():
        if folder.is_dir():
            with suppress(Timeout), FileLock(folder.with_suffix(".lock"), timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
                folder.with_suffix(".lock").unlink(missing_ok=True)
    folder = store / os.urandom(8).hex()
    lock = FileLock(folder.with_suffix(".lock"))
    lock.acquire()
    folder.mkdir()
    return folder, lock
