"""Project settings: hooks, and how configuration is read."""

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.experiments.folders import next_iteration
from leap_kedro.hooks import CredentialsHooks, ExperimentHooks
from leap_kedro.pipelines.evaluation.parameters import report_name
from leap_kedro.tracking.connection import set_mlflow_defaults
from leap_kedro.tracking.hooks import TrackingHooks

set_mlflow_defaults()

# An experiment is locked and checked before MLflow is contacted, and released after its runs are closed.
HOOKS = (CredentialsHooks(), TrackingHooks(), ExperimentHooks())
CONFIG_LOADER_CLASS = LeapConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment changes single parameters of a stage and keeps the rest of base.
    "merge_strategy": {"parameters": "soft"},
    "config_patterns": {"mlflow": ["mlflow*"]},
    "custom_resolvers": {
        "next_iteration": next_iteration,  # the first iteration of an experiment that is not finished
        "report_name": report_name,  # name of the file that `kedro leap evaluate` writes
    },
}

# `.telemetry` says no for the repository; a packaged project has no such file, and Kedro would take that for a yes.
# kedro-mlflow, which other projects may need in the same environment, would take our mlflow.yml for its own.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro-mlflow", "kedro_mlflow")
