"""Where MLflow keeps its records: the resolvers that `mlflow.yml` uses.

MLflow >= 3.13 refuses the file store that kedro-mlflow falls back to, so that the address is always given.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leap_kedro.tracking.address import URI_VARIABLE, sqlite_file, sqlite_uri

_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # With MLflow's own values a run waits for a server that is away for up to 20 minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # 12 seconds in all between tries
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",  # seconds, of each try
}
_IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


def set_mlflow_defaults() -> None:
    """Telemetry, progress bars and chatter off, waiting bounded, unless the user has set them.

    Call it before importing MLflow.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    _hide_type_hint_advice()


@contextmanager
def impatient() -> Iterator[None]:
    """Wait for MLflow's server for seconds only, unless the user has set how long: for when nothing is lost by it."""
    before = {name: os.environ.get(name) for name in _IMPATIENT}
    os.environ.update({name: value for name, value in _IMPATIENT.items() if before[name] in (None, _DEFAULTS[name])})
    retries = logging.getLogger("urllib3.connectionpool")  # would announce each
    level = retries.level
    retries.setLevel(logging.ERROR)
    try:
        yield
    finally:
        retries.setLevel(level)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


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
    uri = os.environ.get(URI_VARIABLE)
    file = sqlite_file(uri) if uri else Path(database)
    return sqlite_uri(file) if file else str(uri)


def artifact_location(folder: str) -> str | None:
    """Where artifacts go: beside a sqlite file, and None (the server decides) for any other address.

    Args:
        folder: Absolute path for the project's own sqlite file.
    """
    uri = os.environ.get(URI_VARIABLE)
    if not uri:
        return folder
    database = sqlite_file(uri)
    return str(database.parent / Path(folder).name) if database else None
