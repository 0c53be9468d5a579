"""The Kedro hooks that track runs in MLflow.

If MLflow fails, the run stops with a message when it next logs something. Finished results are on disk, and the same
command continues and logs what is missing.
"""

import atexit
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from leap_kedro.tracking.connection import TrackingSettings, impatient, read_settings
from leap_kedro.tracking.failures import MlflowFailed, reported
from leap_kedro.tracking.recorder import Recorder

logger = logging.getLogger(__name__)


class TrackingHooks:
    """Opens the runs of an experiment and its iteration, logs finished datasets, and closes the runs.

    A run that ends by an error is FAILED, by Ctrl-C KILLED, and by SIGKILL stays RUNNING. The same command finds the
    runs by their tags and continues them.
    """

    def __init__(self) -> None:
        self._context: KedroContext
        self._settings: TrackingSettings
        self._recorder: Recorder | None = None

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Read `mlflow.yml`. MLflow is not contacted yet."""
        self._close("KILLED")  # Ctrl-C may have left runs open in a notebook.
        self._context, self._settings = context, read_settings(context)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Connect to MLflow, and find or create and open the runs."""
        names = run_params.get("pipeline_names") or ["__default__"]
        if set(names) <= set(self._settings.disabled_pipelines):
            return
        parameters = self._context.config_loader["parameters"]
        with reported(self._settings.tracking_uri, started=False):
            self._recorder = Recorder(self._settings, parameters, pipeline, catalog)
        atexit.register(self._close, "KILLED")

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Log the losses of a training while it is saved, because a `TrainingDataset` trains then."""
        with self._recording() as recorder:
            if recorder:
                recorder.begin(dataset_name)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Log a dataset once it is complete."""
        with self._recording() as recorder:
            if recorder:
                recorder.saved(dataset_name)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Log what an interrupted run did not log, and close the runs."""
        with self._recording() as recorder:
            if recorder:
                recorder.log_missing()
                recorder.close("FINISHED")
        self._forget()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Close the runs as failed."""
        self._close("FAILED")

    @contextmanager
    def _recording(self) -> Iterator[Recorder | None]:
        """The recorder, if the run is tracked. If MLflow fails it is dropped, to avoid waiting a second time."""
        try:
            with reported(self._settings.tracking_uri, started=True):
                yield self._recorder
        except MlflowFailed:
            recorder = self._forget()
            with impatient(), suppress(Exception):  # the server has failed already
                if recorder:
                    recorder.close("FAILED")
            raise

    def _close(self, status: str) -> None:
        """Close the runs after an error or interruption, which must not be hidden by a failure of MLflow."""
        recorder = self._forget()
        if recorder is None:
            return
        try:
            with impatient(), reported(self._settings.tracking_uri, started=True):
                recorder.close(status)
        except MlflowFailed as error:
            logger.warning("The runs in MLflow stay RUNNING until the same command continues: %s", error)

    def _forget(self) -> Recorder | None:
        atexit.unregister(self._close)
        recorder, self._recorder = self._recorder, None
        return recorder
