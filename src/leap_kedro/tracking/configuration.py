"""Where MLflow keeps its records: the resolvers that `mlflow.yml` uses.

MLflow >= 3.13 refuses the file store that kedro-mlflow falls back to, so that the address is always given.
"""

import os
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from filelock import FileLock

from leap_kedro.datasets.errors import writing

URI_VARIABLE = "MLFLOW_TRACKING_URI"


_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


def set_mlflow_defaults() -> None:
    """Telemetry, progress bars and chatter off, unless the user has set them. Call it before importing MLflow."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    _hide_type_hint_advice()


def _hide_type_hint_advice() -> None:
    """Drop MLflow's advice on a class inside kedro-mlflow, which it would print at every Kedro command.

    A warnings filter does not reach it: MLflow sets one of its own in front.
    """
    show = warnings.showwarning

    def show_others(message: Warning | str, *rest: Any, **more: Any) -> None:
        if "Add type hints to the `predict` method" not in str(message):
            show(message, *rest, **more)

    warnings.showwarning = show_others


def register_resolvers(project: Path) -> None:
    """Make `project_path`, `mlflow_tracking_uri` and `mlflow_artifact_location` known to configuration files.

    Args:
        project: Root of the Kedro project.
    """
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("project_path", lambda name: str(project.absolute() / name), replace=True)
    OmegaConf.register_new_resolver("mlflow_tracking_uri", tracking_uri, replace=True)
    OmegaConf.register_new_resolver("mlflow_artifact_location", artifact_location, replace=True)


def tracking_uri(database: str) -> str:
    """The user's `MLFLOW_TRACKING_URI`, else a sqlite file.

    Args:
        database: Absolute path of the sqlite file.
    """
    return os.environ.get(URI_VARIABLE) or f"sqlite:///{database}"


def artifact_location(folder: str) -> str | None:
    """Where artifacts go: beside a sqlite file, and None (the server decides) for any other address.

    Args:
        folder: Absolute path for the project's own sqlite file.
    """
    uri = os.environ.get(URI_VARIABLE)
    if not uri:
        return folder
    database = _sqlite_file(uri)
    return str(database.parent / Path(folder).name) if database else None


def make_database(uri: str) -> None:
    """Make a sqlite file that is not there yet, whole or not at all.

    MLflow makes its tables one by one: two first runs at once fail over that, and a kill leaves half of them for good.

    Args:
        uri: Address of the tracking server; nothing is done for any other than a sqlite file.
    """
    database = _sqlite_file(uri)
    if database is None or database.exists():
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with writing(database), FileLock(f"{database}.lock"):
        if database.exists():
            return
        unfinished = database.with_name(f"{database.name}.{os.getpid()}")
        artifacts = str(database.parent / "mlartifacts")
        store = SqlAlchemyStore(f"sqlite:///{unfinished}", artifacts)  # type: ignore[no-untyped-call]
        store.engine.dispose()
        unfinished.replace(database)


def _sqlite_file(uri: str) -> Path | None:
    parsed = urlparse(uri)
    return Path(parsed.path.removeprefix("/")).absolute() if parsed.scheme == "sqlite" else None
