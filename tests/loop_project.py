"""A copy of this project, run by `kedro` in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ("ALFWORLD_DATA", "INTERCODE_DATA", "WEBSHOP_DATA")
UNWANTED = (*DATA, "KEDRO_ENV", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI")
Finished = subprocess.CompletedProcess[str]


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
