"""Work in several processes of this machine.

Each worker loads the work and draws items when it has free slots, so a slow item does not delay the others. The number
of workers only affects the order of the results.
"""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Generic, cast

from leap_kedro.compute.work import Item, Result, Work, WorkerFailure, no_pulse
from leap_kedro.records.errors import described

_STDERR_TAIL = 2_000


class _ParentGone(Exception):
    """The parent process has ended."""


@dataclass(frozen=True, slots=True)
class _Finished(Generic[Result]):
    """Message of a worker: a result."""

    result: Result


_Message = _Finished[Any] | WorkerFailure | None
"""Message of a worker; None asks for items."""


def in_processes(work: Work[Item, Result], items: Sequence[Item], processes: int) -> Iterator[Result]:
    """Work on each item once, in `processes` processes with one thread each.

    With one process, the work is done in this one. Closing the iterator, an error or Ctrl-C ends the workers.

    Yields:
        Results as they become available.

    Raises:
        WorkerFailure: If a worker dies (the message has the exit code and the end of its stderr) or cannot load.
    """
    processes = min(processes, len(items))
    if processes <= 1:
        yield from work.load()(items, no_pulse)
        return
    with tempfile.TemporaryDirectory() as folder:
        workers = [_Worker(Path(folder) / f"{number}.stderr", work) for number in range(processes)]
        try:
            yield from _results(workers, list(items))
        finally:
            for worker in workers:
                worker.stop()


def _results(workers: Sequence["_Worker"], items: list[Any]) -> Iterator[Any]:
    waiting = items[::-1]
    by_connection = {worker.connection: worker for worker in workers}
    pending = len(items)
    while pending:
        if not by_connection:
            raise WorkerFailure(
                f"All workers ended before {pending} results were there. "
                "What is finished is kept; run the same command again for the rest."
            )
        for ready in wait(list(by_connection)):
            worker = by_connection[cast(Connection, ready)]
            try:
                finished = worker.receive()
            except EOFError:
                del by_connection[worker.connection]
                continue
            if finished is not None:
                pending -= 1
                yield finished.result
            else:
                count = max(1, len(waiting) // (4 * len(workers)))
                worker.connection.send([waiting.pop() for _ in range(min(count, len(waiting)))])


class _Worker:
    """The parent's end of a worker process."""

    def __init__(self, stderr: Path, work: Work[Any, Any]) -> None:
        self._name = work.name
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._stderr = stderr
        self._process: SpawnProcess = context.Process(target=_work, args=(theirs, str(stderr), work), daemon=True)
        self._process.start()
        theirs.close()

    def receive(self) -> _Finished[Any] | None:
        """The next result; None if the worker asks for items.

        Raises:
            EOFError: If the worker has finished.
            WorkerFailure: If the worker has failed.
        """
        try:
            message: _Message = self.connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            if self._process.exitcode == 0:
                raise EOFError from None
            raise WorkerFailure(
                f"A worker ({self._name}, process {self._process.pid}) died with exit code {self._process.exitcode}. "
                f"What is finished is kept; run the same command again for the rest. {self._last_words()}"
            ) from None
        if isinstance(message, WorkerFailure):
            raise message
        return message

    def stop(self) -> None:
        """End the process immediately."""
        self._process.terminate()
        self._process.join()
        self.connection.close()

    def _last_words(self) -> str:
        text = self._stderr.read_text(errors="replace").strip() if self._stderr.exists() else ""
        return f"The end of its stderr:\n{text[-_STDERR_TAIL:]}" if text else "It wrote nothing to stderr."


def _work(connection: Connection, stderr: str, work: Work[Any, Any]) -> None:
    """Body of a worker process, which ignores Ctrl-C and ends if the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    try:
        for result in work.load()(_drawn(connection), no_pulse):
            _send(connection, _Finished(result))
    except _ParentGone:
        return
    except Exception as error:
        with suppress(_ParentGone):
            _send(connection, WorkerFailure(f"A worker ({work.name}) failed: {described(error)}"))


def _drawn(connection: Connection) -> Iterator[Any]:
    """Items from the parent, until it has none left."""
    while True:
        _send(connection, None)
        try:
            items = connection.recv()
        except (EOFError, ConnectionError) as error:
            raise _ParentGone from error
        if not items:
            return
        yield from items


def _send(connection: Connection, message: _Message) -> None:
    try:
        connection.send(message)
    except ConnectionError as error:
        raise _ParentGone from error
