"""Real OpenEnv servers: one that `kedro leap serve` runs in a process of its own, and some in threads."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openenv_servers import SECRET, ServedProcess

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Skip where there is no OpenEnv."""
    pytest.importorskip("openenv.core", reason="the package openenv is not installed (docs/openenv.md)")


@pytest.fixture(scope="session")
def served(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    log = tmp_path_factory.mktemp("openenv") / "log.txt"
    command = [sys.executable, "-m", "kedro", "leap", "serve", "alfworld", "--port=0", "--sessions=3"]
    given = {**os.environ, "LEAP_OPENENV_SECRET": SECRET}
    with (
        log.open("w") as errors,
        subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        said = next((line for line in process.stdout if line.startswith("alfworld at ")), "")
        yield ServedProcess(said.split()[2].rstrip(",") if said else log.read_text(), said, log)
        process.terminate()


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    """The secret of the servers, in this process, too."""
    monkeypatch.setenv("LEAP_OPENENV_SECRET", SECRET)
    return SECRET
