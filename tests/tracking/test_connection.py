"""What `mlflow.yml` says, where MLflow is if it says nothing, and its file at the first run."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leap_kedro.tracking.connection import TrackingMisconfigured, read_settings


def context(**mlflow: Any) -> Any:
    loader = type("Loader", (dict,), {"conf_source": "/project/conf"})(mlflow=mlflow)
    return SimpleNamespace(project_path=Path("/project"), config_loader=loader)


@pytest.mark.parametrize(
    ("variable", "given", "uri", "artifacts"),
    [
        ("", {}, "sqlite:////project/mlflow.db", "file:///project/mlartifacts"),
        ("sqlite:////other/runs.db", {}, "sqlite:////other/runs.db", "file:///other/mlartifacts"),
        ("https://mlflow.example.org", {}, "https://mlflow.example.org", None),
        ("https://a", {"tracking_uri": "https://b", "artifact_location": "s3://c"}, "https://b", "s3://c"),
    ],
)
def test_the_users_server_takes_the_place_of_the_projects_own(
    monkeypatch: pytest.MonkeyPatch, variable: str, given: dict[str, str], uri: str, artifacts: str | None
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    settings = read_settings(context(**given))
    assert settings.tracking_uri == uri == os.environ["MLFLOW_TRACKING_URI"]
    assert settings.artifact_location == artifacts


def test_a_wrong_setting_is_named_with_its_file_and_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    with pytest.raises(TrackingMisconfigured, match=r"/project/conf.*`traced_episode`.*logged_parameters"):
        read_settings(context(traced_episode=3))


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
