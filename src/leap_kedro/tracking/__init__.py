"""MLflow: one parent run an experiment, one child run an iteration, and what is logged to them.

kedro-mlflow reads `mlflow.yml` and sets the server up; runs, parameters and metrics are logged by `TrackingHooks`.
"""
