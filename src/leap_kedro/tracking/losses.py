"""A training's loss in MLflow while it is trained."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

from leap_kedro.tracking.failures import cause
from leap_kedro.tracking.metrics import Point, log_points, points_of, scalars
from leap_kedro.training.progress import Progress

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_PAUSE = 1.0  # seconds between calls to the server
_PATIENCE = 10.0  # seconds that the end of a training waits for the server


class LossStream:
    """Logs the losses of a stage's trainings as they come, as ``NAME/losses``, by optimizer step.

    In a thread of its own: training does not wait for a server, and does not fail with it. What is not logged by the
    end is logged with the stage's report. Points that a run has from before an interruption are not logged again.
    """

    def __init__(self, client: "MlflowClient", run: str, name: str, workspace: Path) -> None:
        """Begin to log.

        Args:
            client: Client of the tracking server.
            run: Id of the run to log to.
            name: Group of the metric.
            workspace: The stage's folder. A training in a folder below it has that in its metric's name.
        """
        self._client = client
        self._run = run
        self._name = name
        self._workspace = workspace
        self._waiting: Queue[tuple[Path, Progress]] = Queue()
        self._known: dict[str, set[tuple[int, float]]] = {}
        self._ended = Event()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def __call__(self, work: Path, progress: Progress) -> None:
        """Log a report of the loss of the training in `work`."""
        self._waiting.put((work, progress))

    def close(self) -> None:
        """Log what waits and end, soon in any case."""
        self._ended.set()
        self._thread.join(_PATIENCE)

    def _work(self) -> None:
        try:
            while not self._ended.wait(_PAUSE):
                self._log(self._taken())
            self._log(self._taken())
        except Exception as error:  # whatever a server does
            logger.warning(
                "MLflow did not take the loss of this training (%s). The training goes on; its losses are logged when "
                "it is finished.",
                cause(error),
            )

    def _taken(self) -> list[tuple[Path, Progress]]:
        taken = []
        with suppress(Empty):
            while True:
                taken.append(self._waiting.get_nowait())
        return taken

    def _log(self, reports: Sequence[tuple[Path, Progress]]) -> None:
        if not reports:
            return
        points: list[Point] = []
        for work, progress in reports:
            key = "/".join((self._name, *work.relative_to(self._workspace).parts, "losses"))
            if key not in self._known:
                self._known[key] = points_of(self._client, self._run, key)
            known = self._known[key]
            for point in scalars(progress.loss, key, progress.step):
                again = progress.resumed_at and any(step == point.step for step, _ in known)
                if not again and (point.step, point.value) not in known:
                    points.append(point)
        log_points(self._client, self._run, points)
