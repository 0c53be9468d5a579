"""Fixtures that several floors share."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
UNWANTED = ("ALFWORLD_DATA", "KEDRO_ENV", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI")
Finished = subprocess.CompletedProcess[str]
SHARED = Path(os.environ.get("LEAP_SHARED_DATA", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_alfworld() -> Path:
    """Folder with the benchmark's recorded answers and its games in archives."""
    folder = SHARED / "alfworld"
    if not folder.is_dir():
        pytest.skip(f"no official ALFWorld data: {folder} is absent (set LEAP_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def official_games(shared_alfworld: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder to be used as `ALFWORLD_DATA`: the official valid_seen games (2.1.1)."""
    folder = tmp_path_factory.mktemp("alfworld_data")
    with tarfile.open(shared_alfworld / "json_2.1.1.valid_seen.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an embedded student with few, random weights."""
    from leap_kedro.embedded.shape import Shape, build_model, save_policy
    from leap_kedro.embedded.tokenizer import build_tokenizer
    from leap_kedro.environments.alfworld.vocabulary import vocabulary

    folder = tmp_path_factory.mktemp("models") / "tiny_base"
    tokenizer = build_tokenizer(vocabulary(), 2048)
    shape = Shape(hidden_size=32, layers=2, heads=2, intermediate_size=64)
    save_policy(build_model(tokenizer, shape, seed=0), tokenizer, folder)
    return folder


class LoopProject:
    """A copy of this project in a folder of its own, run by `kedro` in another process with `--env=test`."""

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

    def kedro(self, *arguments: str, script: str = "from kedro.framework.cli import main; main()") -> Finished:
        """Run `kedro ARGUMENTS`; `script` is the Python that starts it."""
        environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        return subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=self.folder,
            env={**environment, "OMP_NUM_THREADS": "1", "COLUMNS": "160"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def run(self, *parameters: str, script: str = "from kedro.framework.cli import main; main()") -> Finished:
        """Run the default pipeline with parameters of the form name=value."""
        given = ",".join([self.parameters, *parameters])
        return self.kedro("run", "--env=test", f"--params={given}", script=script)

    def copy(self, folder: Path) -> "LoopProject":
        """The project as it is now, in another folder."""
        shutil.copytree(self.folder, folder)
        twin = object.__new__(LoopProject)
        twin.folder, twin.parameters = folder, self.parameters
        return twin

    def read(self, path: str) -> list[Any]:
        """The JSON lines of a file in `data`, or the value of a JSON file."""
        text = (self.folder / "data" / path).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()] if path.endswith(".jsonl") else json.loads(text)


@pytest.fixture(scope="session")
def finished_project(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A project whose experiment `default` has run iteration 1. Not to be changed: work on a `copy`."""
    project = LoopProject(tmp_path_factory.mktemp("loop") / "project", tiny_base)
    finished = project.run()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (project.folder / "output.txt").write_text(finished.stdout)
    return project
