"""MLflow for tests: real, on a sqlite file that is migrated once and copied."""

import shutil
from pathlib import Path

import pytest
from look import Look
from project import SmallProject

from leap_kedro.tracking.connection import set_mlflow_defaults

set_mlflow_defaults()


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def tracking_server(migrated_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of an empty server, set as `MLFLOW_TRACKING_URI`."""
    shutil.copy(migrated_database, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


@pytest.fixture
def look(tracking_server: str) -> Look:
    return Look(tracking_server)


@pytest.fixture
def project(tmp_path: Path, tracking_server: str) -> SmallProject:
    """A project that logs to the empty server."""
    return SmallProject(tmp_path / "project")
