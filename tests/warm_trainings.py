"""Training processes that are forked from one that has imported TRL: for tests whose subject is not how they start.

Each runs the same `leap_kedro.training.__main__` as a started process, with the same pipes, and saves the four seconds
of CPU time of its imports. The tests of how trainings are launched start real processes.
"""

import multiprocessing
import multiprocessing.util
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from leap_kedro.training import join
from leap_kedro.training.parameters import FineTuning

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["leap_kedro.training.__main__", "leap_kedro.training.trainer"])
_OWNER = os.getpid()
multiprocessing.util.get_temp_dir()  # for its socket: a test's own TMPDIR is too long a path


class Forked:
    """What callers need of a `subprocess.Popen`."""

    def __init__(self, job: Path, environment: Mapping[str, str], errors: IO[str]) -> None:
        """Start the process."""
        given, self._stdin = _SERVER.Pipe(duplex=False)
        self._stdout, written = _SERVER.Pipe(duplex=False)
        arguments = (job.absolute(), dict(environment), Path(errors.name).absolute(), os.getcwd(), given, written)
        self._process = _SERVER.Process(target=_train, args=arguments)
        self._process.start()
        given.close()
        written.close()
        self.stdout = os.fdopen(os.dup(self._stdout.fileno()), encoding="utf-8")

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: Any) -> None:
        self.stdout.close()
        self._stdout.close()
        self._stdin.close()
        self._process.join()

    def wait(self) -> int | None:
        """The exit code, once the process has ended."""
        self._process.join()
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask the process to end."""
        self._process.terminate()


def processes(job: Path, parameters: FineTuning, node_rank: int, errors: IO[str]) -> Any:
    """`join.processes`; for one process alone, a forked one."""
    if parameters.world_size > 1 or parameters.accelerate is not None or os.getpid() != _OWNER:
        return join.processes(job, parameters, node_rank, errors)
    return Forked(job, {**os.environ, **join.environment(parameters)}, errors)


def _train(
    job: Path, environment: Mapping[str, str], errors: Path, folder: str, stdin: Connection, stdout: Connection
) -> None:
    from leap_kedro.training.__main__ import main

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for file, number in ((stdin.fileno(), 0), (stdout.fileno(), 1), (os.open(errors, os.O_WRONLY | os.O_APPEND), 2)):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout, sys.argv = os.fdopen(os.dup(1), "w", encoding="utf-8"), ["leap_kedro.training", str(job)]
    main()
