"""The reference backend: the official `alfworld` and TextWorld packages as an `Environment`.

It is for comparison with the native engine and runs about seven steps per second. The packages change global state (see
`reference_worker`), so they run in a child process with a separate folder for their files. A game that does not answer
in time is an `EnvironmentFailure`, and the child process is replaced.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from leap_kedro.environments.alfworld.tasks.games import data_root
from leap_kedro.environments.alfworld.tasks.generator import problem_for
from leap_kedro.environments.alfworld.tools.export import game_file
from leap_kedro.environments.protocol import EnvironmentFailure, Observation, StepResult, TaskDataError
from leap_kedro.records import Task

WORKER_COMMAND = (sys.executable, "-m", "leap_kedro.environments.alfworld.tools.reference_worker")
_PACKAGES = ("alfworld", "textworld", "fast_downward", "yaml")


class MissingPackage(EnvironmentFailure, ImportError):
    """A package of the extra ``[alfworld]`` is not installed."""


def game_file_of(task: Task, data_folder: Path | None) -> Mapping[str, Any]:
    """Content of a task's ``game.tw-pddl``. Raises `EnvironmentFailure` if the game cannot be built."""
    try:
        if task.payload.get("source") == "generated":
            return game_file(problem_for(task.payload), name="generated")
        path = data_root(data_folder) / str(task.payload.get("game", ""))
        content: Mapping[str, Any] = json.loads(path.read_bytes())
    except (TaskDataError, OSError, ValueError) as error:
        raise EnvironmentFailure(f"The game of the task {task.id} cannot be built: {error}") from error
    return content


class ReferenceEnvironment:
    """Plays games with the official packages.

    Args:
        data_folder: Data folder of official games; None for that of ``$ALFWORLD_DATA``.
        timeout: Maximum time for a start or an answer, seconds.

    Raises:
        MissingPackage: If the packages are not installed.
    """

    def __init__(self, data_folder: Path | None = None, timeout: float = 300.0) -> None:
        missing = [package for package in _PACKAGES if find_spec(package) is None]
        if missing:
            raise MissingPackage(
                f"The ALFWorld backend 'textworld' needs the package {missing[0]}, which is not installed. "
                'Install it with: pip install "leap_kedro[alfworld]" (or use the option `backend: native`).'
            )
        self._data_folder = data_folder
        self._timeout = timeout
        self._worker: _Worker | None = None
        self._admissible: tuple[str, ...] = ()

    def reset(self, task: Task) -> Observation:
        """Start a task. Raises `EnvironmentFailure` if it cannot be built."""
        return self._ask({"game": game_file_of(task, self._data_folder)}).observation

    def step(self, action: str) -> StepResult:
        """Execute an action. Raises `EnvironmentFailure` if no game was started or the game breaks."""
        if self._worker is None:
            raise EnvironmentFailure("no ALFWorld game was started, or it broke: reset the environment first")
        return self._ask({"command": action}, accepted=action.strip() in self._admissible)

    def close(self) -> None:
        """End the child process."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _ask(self, request: Mapping[str, Any], accepted: bool = True) -> StepResult:
        if self._worker is None:
            self._worker = _Worker()
        try:
            answer = self._worker.ask(request, self._timeout)
        except EnvironmentFailure:
            self.close()
            raise
        self._admissible = tuple(answer["admissible"])
        observation = Observation(answer["observation"], self._admissible)
        return StepResult(observation, answer["score"], answer["done"], accepted)


class _Worker:
    """The child process and its folder."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="leap_kedro_alfworld_"))
        self._log = folder / "stderr.txt"
        own = dict.fromkeys(("ALFWORLD_DATA", "XDG_CACHE_HOME", "TMPDIR"), str(folder))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                WORKER_COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | own | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._unread = b""
        self.end = weakref.finalize(self, _end, self._process, folder)

    def ask(self, request: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """The answer to a request. Raises `EnvironmentFailure` if there is none in time or it is an error."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise EnvironmentFailure("the pipes to the child process are closed")
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line(process.stdout.fileno(), time.monotonic() + timeout))
        except BrokenPipeError as error:
            raise self._failure("its process has died") from error
        if "error" in answer:
            raise self._failure(answer["error"])
        return answer

    def _line(self, pipe: int, deadline: float) -> bytes:
        while b"\n" not in self._unread:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise self._failure("it did not answer in time")
            received = os.read(pipe, 1 << 16)
            if not received:
                raise self._failure("its process has died")
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _failure(self, why: str) -> EnvironmentFailure:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        said = f" Its last words: {' | '.join(lines[-3:])}" if lines else ""
        return EnvironmentFailure(f"TextWorld failed: {why}.{said}")


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # the rest of a request is lost
                pipe.close()
    shutil.rmtree(folder, ignore_errors=True)
