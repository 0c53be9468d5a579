"""What the processes of a training have reported, line by line, and the result or error that follows from it."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leap_kedro.records import decode
from leap_kedro.training.failures import TrainingFailed, failure, stderr_folder
from leap_kedro.training.losses import append_loss
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.progress import Progress, TrainingResult

logger = logging.getLogger(__name__)


class Outcome:
    """The messages of a training's processes, and what they say together.

    Attributes:
        codes: Exit codes of the processes that failed, by rank.
        stopped: Why the training was stopped, in a sentence for the user; "" if it was not.
        unmet: Why the machines did not meet; "" if they did.
    """

    def __init__(self, work: Path, on_progress: Callable[[Progress], None] | None) -> None:
        """Begin to listen.

        Args:
            work: The training's workspace, in which the losses are written.
            on_progress: Called at every report of the loss.
        """
        self.codes: dict[int, int] = {}
        self.stopped = self.unmet = ""
        self._work, self._on_progress = work, on_progress
        self._result: TrainingResult | None = None
        self._failed = False

    def hear(self, line: str) -> None:
        """Take a line that a process has printed; the output of libraries is ignored."""
        message = _message(line)
        if "progress" in message:
            progress = decode(Progress, json.dumps(message["progress"]))
            append_loss(self._work, progress.step, progress.loss)
            if self._on_progress is not None:
                self._on_progress(progress)
        if "log" in message:
            logger.log(message["log"]["level"], "%s", message["log"]["message"])
        self.stopped = message.get("stopped") or self.stopped
        self.unmet = message.get("unmet") or self.unmet
        if "failed" in message:
            self.codes |= {int(rank): code for rank, code in message["failed"].items()}
        if "result" in message:
            self._result = decode(TrainingResult, json.dumps(message["result"]))

    def ended(self, parameters: FineTuning, code: int) -> None:
        """Take the exit code of a machine's launcher, or of the training process itself if it is the only one."""
        self._failed = self._failed or code != 0
        if parameters.world_size == 1 and parameters.accelerate is None:
            self.codes[0] = code

    @property
    def failed(self) -> bool:
        """Whether a process or a launcher has failed."""
        return self._failed

    def result(self, parameters: FineTuning) -> TrainingResult:
        """The result, after all processes have ended.

        Raises:
            TrainingFailed: If there is none, or if another number of processes than requested has trained.
        """
        if self.stopped:
            raise TrainingFailed(self.stopped)
        if self._failed or self._result is None:
            raise TrainingFailed(failure(stderr_folder(self._work), self.codes, parameters.world_size))
        if self._result.world_size != parameters.world_size:
            raise TrainingFailed(
                f"{parameters.world_size} processes were requested, but {self._result.world_size} trained"
            )
        return self._result


def _message(line: str) -> dict[str, Any]:
    """The message in a line; empty for the output of libraries."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
