"""Connects to MLflow: not before something is logged or looked up, and with one message where that fails.

kedro-mlflow connects as soon as a Kedro context is made, even for `kedro catalog list`. Its hooks are switched off in
`settings.py`; its configuration (`mlflow.yml`), its way of setting MLflow up and its commands are used.
"""

import os
from typing import TYPE_CHECKING, Any

from kedro.config import MissingConfigException, OmegaConfigLoader

from leap_kedro.language_models.network import keep_off_proxies
from leap_kedro.tracking.address import how_to_open, split_login
from leap_kedro.tracking.configuration import impatient, register_resolvers, tracking_uri
from leap_kedro.tracking.database import prepare_database
from leap_kedro.tracking.failures import told

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


def configure(context: "KedroContext") -> None:
    """Read `mlflow.yml` into `context.mlflow`, where kedro-mlflow's commands look for it. Nothing is connected."""
    import mlflow
    from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig

    register_resolvers(context.project_path)
    loader = context.config_loader
    if isinstance(loader, OmegaConfigLoader):
        loader.config_patterns.setdefault("mlflow", ["mlflow*"])
    try:
        values = dict(loader["mlflow"])
    except MissingConfigException:
        values = {}
    configuration = KedroMlflowConfig.model_validate(values)
    server = configuration.server
    uri = server.mlflow_tracking_uri or tracking_uri(str(context.project_path / "mlflow.db"))
    server.mlflow_tracking_uri, login = split_login(uri)
    os.environ.update(login)
    keep_off_proxies(server.mlflow_tracking_uri)
    mlflow.set_tracking_uri(server.mlflow_tracking_uri)
    object.__setattr__(context, "mlflow", configuration)


def connect(context: "KedroContext") -> Any:
    """Set MLflow up as `context.mlflow` says, once, and find or make its experiment.

    Returns:
        The configuration, kedro-mlflow's.

    Raises:
        MlflowFailed: If MLflow cannot be reached, refuses, or its file cannot be used.
        StorageError: If its file cannot be made.
    """
    configuration = context.mlflow  # type: ignore[attr-defined]
    if _experiment(configuration) is None:
        uri = configuration.server.mlflow_tracking_uri
        with impatient(), told(uri, started=False):
            prepare_database(uri)
            configuration.setup(context)
    return configuration


def where_to_look(context: "KedroContext") -> tuple[str, ...]:
    """What opens the MLflow in use in a browser, as lines."""
    configuration = context.mlflow  # type: ignore[attr-defined]
    return how_to_open(configuration.server.mlflow_tracking_uri, _experiment(configuration))


def _experiment(configuration: Any) -> str | None:
    """Id of the MLflow experiment; None before `connect`."""
    made = getattr(configuration.tracking.experiment, "_experiment", None)
    return None if made is None else str(made.experiment_id)
