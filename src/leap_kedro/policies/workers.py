"""The rollout driver over several worker processes.

Each worker loads the policy and draws tasks when it has free slots, so a slow episode does not delay the others.
Episodes depend only on task and seed; the number of workers only affects their order.
"""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Protocol, cast

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.policies.play import play
from leap_kedro.policies.protocol import Policy, ServedPolicy
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import Episode, Task, UserError
from leap_kedro.records.errors import described

_STDERR_TAIL = 2_000


class PolicySpec(Protocol):
    """Loads a policy in any process; picklable."""

    def load(self) -> Policy | ServedPolicy:
        """The policy, ready to answer."""


class WorkerFailure(UserError):
    """A worker process failed; the episodes that were yielded before are complete."""


class _ParentGone(Exception):
    """The parent process has ended."""


_Message = Episode | WorkerFailure | None
"""Message of a worker; None asks for tasks."""


def play_in_processes(
    tasks: Sequence[Task],
    environment_spec: EnvironmentSpec,
    policy_spec: PolicySpec,
    settings: PlaySettings,
    processes: int,
) -> Iterator[Episode]:
    """Play each task once, in `processes` worker processes with one thread and `settings.slots` episodes each.

    With one process, the tasks are played in this one. Closing the iterator, an error or Ctrl-C ends the workers.

    Yields:
        Episodes as they end.

    Raises:
        WorkerFailure: If a worker dies (the message has the exit code and the end of its stderr) or cannot load.
    """
    processes = min(processes, len(tasks))
    if processes <= 1:
        yield from play(tasks, environment_spec, policy_spec.load(), settings)
        return
    with tempfile.TemporaryDirectory() as folder:
        workers = [
            _Worker(Path(folder) / f"{number}.stderr", environment_spec, policy_spec, settings)
            for number in range(processes)
        ]
        try:
            yield from _episodes(workers, list(tasks))
        finally:
            for worker in workers:
                worker.stop()


def _episodes(workers: Sequence["_Worker"], tasks: list[Task]) -> Iterator[Episode]:
    waiting = tasks[::-1]
    by_connection = {worker.connection: worker for worker in workers}
    pending = len(tasks)
    while pending:
        if not by_connection:
            raise WorkerFailure(
                f"All rollout workers ended before {pending} episodes were played. "
                "Finished episodes are kept; run the same command again to play the rest."
            )
        for ready in wait(list(by_connection)):
            worker = by_connection[cast(Connection, ready)]
            try:
                episode = worker.receive()
            except EOFError:
                del by_connection[worker.connection]
                continue
            if episode is not None:
                pending -= 1
                yield episode
            else:
                count = max(1, len(waiting) // (4 * len(workers)))
                worker.connection.send([waiting.pop() for _ in range(min(count, len(waiting)))])


class _Worker:
    """The parent's end of a worker process."""

    def __init__(
        self, stderr: Path, environment_spec: EnvironmentSpec, policy_spec: PolicySpec, settings: PlaySettings
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._stderr = stderr
        self._process: SpawnProcess = context.Process(
            target=_work, args=(theirs, str(stderr), environment_spec, policy_spec, settings), daemon=True
        )
        self._process.start()
        theirs.close()

    def receive(self) -> Episode | None:
        """The next finished episode; None if the worker asks for tasks.

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
                f"A rollout worker (process {self._process.pid}) died with exit code {self._process.exitcode}. "
                f"Finished episodes are kept; run the same command again to play the rest. {self._last_words()}"
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


def _work(
    connection: Connection,
    stderr: str,
    environment_spec: EnvironmentSpec,
    policy_spec: PolicySpec,
    settings: PlaySettings,
) -> None:
    """Body of a worker process, which ignores Ctrl-C and ends if the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    try:
        for episode in play(_drawn(connection), environment_spec, policy_spec.load(), settings):
            _send(connection, episode)
    except _ParentGone:
        return
    except Exception as error:
        with suppress(_ParentGone):
            _send(connection, WorkerFailure(f"A rollout worker failed: {described(error)}"))


def _drawn(connection: Connection) -> Iterator[Task]:
    """Tasks from the parent, until it has none left."""
    while True:
        _send(connection, None)
        try:
            tasks = connection.recv()
        except (EOFError, ConnectionError) as error:
            raise _ParentGone from error
        if not tasks:
            return
        yield from tasks


def _send(connection: Connection, message: _Message) -> None:
    try:
        connection.send(message)
    except ConnectionError as error:
        raise _ParentGone from error
