"""The settings of `mlflow.yml`, and the connection to MLflow, which is made when something is logged."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kedro.config import MissingConfigException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leap_kedro.language_models.network import keep_off_proxies
from leap_kedro.records import UserError
from leap_kedro.tracking.address import URI_VARIABLE, how_to_open, split_login, sqlite_file, sqlite_uri
from leap_kedro.tracking.database import prepare_database
from leap_kedro.tracking.failures import reported

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from mlflow import MlflowClient

_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # With MLflow's own values, a run waits up to 20 minutes for an unreachable server.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # 12 seconds between all tries
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",  # seconds per try
}
_IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


class TrackingMisconfigured(UserError):
    """`mlflow.yml` has an unknown setting or a wrong value."""


class TrackingSettings(BaseModel):
    """The settings of `mlflow.yml`.

    Attributes:
        tracking_uri: Address of MLflow.
        experiment: Name of the MLflow experiment of all runs.
        artifact_location: Place of artifacts; None: the server decides.
        disabled_pipelines: Pipelines that are not tracked if no other pipeline runs with them.
        logged_parameters: Patterns (``*`` matches anything) of the dotted names of logged parameters.
        traced_episodes: Number of episodes of each evaluation that are logged as traces.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracking_uri: str
    experiment: str = "leap_kedro"
    artifact_location: str | None = None
    disabled_pipelines: tuple[str, ...] = ()
    logged_parameters: tuple[str, ...] = ()
    traced_episodes: int = Field(default=4, ge=0)


def set_mlflow_defaults() -> None:
    """Set MLflow's variables unless the user has: no telemetry, no progress bars, bounded waiting.

    It must be called before MLflow is imported.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


def read_settings(context: "KedroContext") -> TrackingSettings:
    """Read `mlflow.yml` and set MLflow's address, without connecting.

    Raises:
        TrackingMisconfigured: If a setting is unknown or has a wrong value.
    """
    import mlflow

    values: dict[str, Any] = {}
    with suppress(MissingConfigException):
        values = dict(context.config_loader["mlflow"])
    uri = values.get("tracking_uri") or os.environ.get(URI_VARIABLE) or sqlite_uri(context.project_path / "mlflow.db")
    database = sqlite_file(uri)
    values["tracking_uri"], login = split_login(sqlite_uri(database) if database else uri)
    if database and not values.get("artifact_location"):
        values["artifact_location"] = (database.parent / "mlartifacts").as_uri()
    try:
        settings = TrackingSettings.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"`{'.'.join(map(str, each['loc']))}`: {each['msg']}" for each in error.errors())
        raise TrackingMisconfigured(
            f"mlflow.yml in {context.config_loader.conf_source} cannot be used: {wrong}. Correct it, then run the same "
            f"command again. Settings: {', '.join(TrackingSettings.model_fields)}."
        ) from error
    os.environ.update(login)
    keep_off_proxies(settings.tracking_uri)
    mlflow.set_tracking_uri(settings.tracking_uri)
    return settings


def connect(settings: TrackingSettings) -> tuple["MlflowClient", str]:
    """Client of the tracking server, and the id of the MLflow experiment, which is created if it is missing.

    Raises:
        MlflowFailed: If MLflow is unreachable, refuses, or its file cannot be used.
        StorageError: If its file cannot be created.
    """
    import mlflow

    with impatient(), reported(settings.tracking_uri, started=False):
        prepare_database(settings.tracking_uri)
        client = mlflow.MlflowClient(settings.tracking_uri)
        if found := client.get_experiment_by_name(settings.experiment):
            identifier = found.experiment_id
            if found.lifecycle_stage == "deleted":
                client.restore_experiment(identifier)
        else:
            # With this tag the experiment's page opens on runs and charts instead of traces.
            tags = {"mlflow.experimentKind": "custom_model_development"}
            identifier = client.create_experiment(settings.experiment, settings.artifact_location, tags)
        mlflow.set_experiment(experiment_id=identifier)
        return client, str(identifier)


def where_to_look(context: "KedroContext") -> tuple[str, ...]:
    """Lines that say how to open the MLflow in use in a browser."""
    # MLflow sets the variable once an experiment is in use.
    return how_to_open(read_settings(context).tracking_uri, os.environ.get("MLFLOW_EXPERIMENT_ID"))


@contextmanager
def impatient() -> Iterator[None]:
    """Wait only seconds for MLflow's server, unless the user has set the time, where waiting longer has no use."""
    before = {name: os.environ.get(name) for name in _IMPATIENT}
    os.environ.update({name: value for name, value in _IMPATIENT.items() if before[name] in (None, _DEFAULTS[name])})
    retries = logging.getLogger("urllib3.connectionpool")  # It would log each retry.
    level = retries.level
    retries.setLevel(logging.ERROR)
    try:
        yield
    finally:
        retries.setLevel(level)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
