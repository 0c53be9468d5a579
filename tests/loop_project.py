"""A copy of this project, run by `kedro` in another process or in this one."""

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project

from leap_kedro.cli import cli

ROOT = Path(__file__).parents[1]
DATA = ("ALFWORLD_DATA", "INTERCODE_DATA", "WEBSHOP_DATA")
UNWANTED = (*DATA, "KEDRO_ENV", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI")
KEDRO = (sys.executable, "-m", "kedro")
Finished = subprocess.CompletedProcess[str]


class LoopProject:
    """A copy of this project in a folder of its own, whose parameters are those of `--env=test`.

    A command in a process of its own (`kedro`, `kill`) is what users run; in this process (`call`) it saves the seconds
    that a new one needs to import everything.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        """Copy the configuration into `folder`; the loop starts from the model in `base`."""
        self.folder = folder
        self.parameters = f"bootstrap.base={base}"
        folder.mkdir(parents=True)
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
        for name in ("conf/local", "src", "data"):
            (folder / name).mkdir()

    @classmethod
    def at(cls, folder: Path, parameters: str) -> "LoopProject":
        """The project that is in `folder` already."""
        project = object.__new__(cls)
        project.folder, project.parameters = folder, parameters
        return project

    def given(self, *parameters: str) -> tuple[str, str]:
        """The options of a command: `--env=test`, the project's own parameters and more, each as name=value."""
        return "--env=test", f"--params={','.join([self.parameters, *parameters])}"

    def kedro(self, *arguments: str) -> Finished:
        """Run `kedro ARGUMENTS` in a process of its own."""
        return subprocess.run(
            [*KEDRO, *arguments],
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def run(self, *parameters: str) -> Finished:
        """Run the default pipeline in a process of its own, with parameters of the form name=value."""
        return self.kedro("run", *self.given(*parameters))

    def kill(self, when: Callable[[], bool], *arguments: str) -> Finished:
        """Run `kedro ARGUMENTS` and send SIGKILL to it and all its processes as soon as `when` holds."""
        process = self._started(when, *arguments)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL, output
        return Finished(process.args, process.returncode, output, "")

    def kill_fork(self, when: Callable[[], bool], *arguments: str) -> None:
        """As `kill`, but in a fork of this process, which saves the seconds that `call` saves."""
        process = multiprocessing.get_context("fork").Process(target=self._in_own_group, args=arguments)
        process.start()
        deadline = time.monotonic() + 600
        while process.is_alive() and time.monotonic() < deadline and not when():
            time.sleep(0.002)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL

    def _in_own_group(self, *arguments: str) -> None:
        os.setpgid(0, 0)
        print(self.call(*arguments).output)  # noqa: T201 - shown if the test fails

    def kill_vllm(self, when: Callable[[], bool], *arguments: str) -> Finished:
        """Run `kedro ARGUMENTS` and kill the processes with the model of its vLLM server as soon as `when` holds."""
        process = self._started(when, *arguments)
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "".join(child.cmdline()[:1]).startswith("VLLM::"):
                    child.kill()
        output, _ = process.communicate(timeout=600)
        return Finished(process.args, process.returncode, output, "")

    def _started(self, when: Callable[[], bool], *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*KEDRO, *arguments],
            cwd=self.folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < deadline and not when():
            time.sleep(0.002)
        return process

    def call(self, *arguments: str, answer: str = "") -> Result:
        """Run `kedro ARGUMENTS` in this process; `answer` is what the user types."""
        environment = {**dict.fromkeys(UNWANTED), "COLUMNS": "160"}
        with contextlib.chdir(self.folder):
            metadata = bootstrap_project(self.folder)
            return CliRunner(env=environment).invoke(cli, list(arguments), obj=metadata, input=answer)

    def copy(self, folder: Path) -> "LoopProject":
        """The project as it is now, in another folder."""
        shutil.copytree(self.folder, folder)
        return LoopProject.at(folder, self.parameters)

    def read(self, path: str) -> list[Any]:
        """The JSON lines of a file in `data`, or the value of a JSON file."""
        text = (self.folder / "data" / path).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()] if path.endswith(".jsonl") else json.loads(text)

    def written(self) -> dict[str, int]:
        """When each file in `data` was written, by its path there."""
        return {name: path.stat().st_mtime_ns for name, path in self._files().items()}

    def contents(self) -> dict[str, str]:
        """A digest of each file in `data`, by its path there."""
        return {name: sha256(path.read_bytes()).hexdigest() for name, path in self._files().items()}

    def _files(self) -> dict[str, Path]:
        data = self.folder / "data"
        files = (
            path for path in sorted(data.rglob("*")) if path.is_file() and path.name not in ("run.lock", "run.pid")
        )
        return {path.relative_to(data).as_posix(): path for path in files}


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return {**kept, "OMP_NUM_THREADS": "1", "COLUMNS": "160"}


def finish(data: Path, experiment: str, iteration: int, manifest: Any = None) -> None:
    """Mark an iteration as finished by its manifest."""
    path = data / "00_experiments" / experiment / f"iter_{iteration}" / "manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest or {}))
