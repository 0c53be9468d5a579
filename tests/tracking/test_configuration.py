import os
import subprocess
import sys
from pathlib import Path

import pytest

from leap_kedro.tracking.configuration import artifact_location, tracking_uri


@pytest.mark.parametrize(
    ("variable", "uri", "artifacts"),
    [
        (None, "sqlite:////project/mlflow.db", "/project/mlartifacts"),
        ("sqlite:////other/runs.db", "sqlite:////other/runs.db", "/other/mlartifacts"),
        ("https://mlflow.example.org", "https://mlflow.example.org", None),
    ],
)
def test_the_users_server_takes_the_place_of_the_projects_own(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, uri: str, artifacts: str | None
) -> None:
    if variable is None:
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    assert tracking_uri("/project/mlflow.db") == uri
    assert artifact_location("/project/mlartifacts") == artifacts


def test_two_first_runs_at_once_make_one_whole_database(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    (tmp_path / "mlflow.db.1234").write_text("left by a killed run")
    script = f"""
from leap_kedro.tracking.database import prepare_database
prepare_database({uri!r})
from mlflow import MlflowClient
print(MlflowClient({uri!r}).create_experiment(__import__("sys").argv[1]))
"""
    runs = [
        subprocess.Popen([sys.executable, "-c", script, name], stdout=subprocess.PIPE, text=True, env=os.environ)
        for name in ("first", "second")
    ]
    assert sorted(run.communicate()[0].strip() for run in runs) == ["1", "2"]
    assert {path.name for path in tmp_path.iterdir()} <= {"mlflow.db", "mlflow.db.lock", "mlflow.db.1234"}
