"""Project settings: the session of the loop, its hooks, how configuration merges."""

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.hooks import CredentialsHooks, ManifestHooks
from leap_kedro.session import LeapSession
from leap_kedro.tracking.connection import set_mlflow_defaults
from leap_kedro.tracking.hooks import TrackingHooks

set_mlflow_defaults()

SESSION_CLASS = LeapSession
# The last one is called first: MLflow has everything before the manifest marks an iteration as finished.
HOOKS = (ManifestHooks(), TrackingHooks(), CredentialsHooks())
CONFIG_LOADER_CLASS = LeapConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment changes single parameters of a stage and keeps the rest of base.
    "merge_strategy": {"parameters": "soft"},
    "config_patterns": {"mlflow": ["mlflow*"]},
}

# `.telemetry` says no for the repository; a packaged project has no such file, and Kedro would take that for a yes.
# kedro-mlflow, which other projects may need in the same environment, would take our mlflow.yml for its own.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro-mlflow", "kedro_mlflow")
