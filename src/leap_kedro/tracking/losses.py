"""Logs losses to MLflow while a training runs."""

import logging
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from leap_kedro.tracking.failures import cause
from leap_kedro.tracking.metrics import Point, history, log_points
from leap_kedro.training.losses import FILE, read_losses

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_PAUSE = 1.0  # seconds between calls to the server
_PATIENCE = 10.0  # seconds that a finished training waits for the server


class LossStream:
    """Logs the losses that trainings in a workspace write to their files, by optimizer step.

    It uses a thread, so that training neither waits for the server nor fails with it. Losses that are not logged by the
    end are logged with the training's report. Steps that the run already has are not logged again.
    """

    def __init__(self, client: "MlflowClient", run: str, name: str, workspace: Path) -> None:
        """Log to a run as ``NAME/losses``, and trainings in a FOLDER of the workspace as ``NAME/FOLDER/losses``."""
        self._client, self._run, self._name, self._workspace = client, run, name, workspace
        self._known: dict[str, set[int]] = {}
        self._ended = Event()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Log what is new and end, within seconds."""
        self._ended.set()
        self._thread.join(_PATIENCE)

    def _work(self) -> None:
        try:
            while not self._ended.wait(_PAUSE):
                self._log()
            self._log()
        except Exception as error:  # whatever a server does
            logger.warning(
                "Losses could not be logged to MLflow (%s). The training continues; they are logged when it ends.",
                cause(error),
            )

    def _log(self) -> None:
        new = []
        for file in (*self._workspace.glob(FILE), *self._workspace.glob(f"*/{FILE}")):
            key = "/".join((self._name, *file.parent.relative_to(self._workspace).parts, "losses"))
            if key not in self._known:
                self._known[key] = set(history(self._client, self._run, key))
            for step, loss in read_losses(file):
                if step not in self._known[key]:
                    self._known[key].add(step)
                    new.append(Point(key, loss, step))
        log_points(self._client, self._run, new)
