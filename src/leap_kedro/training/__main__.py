"""The training process: `python -m leap_kedro.training JOB.json`, started by `launch.train`.

Writes one JSON object a line to stdout: progress and log lines, then the result or why it is refused.
Ends when its stdin does, that is, with its caller.
"""

import json
import logging
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from leap_kedro.training.launch import Job
from leap_kedro.training.sft import Progress, TrainingRefused, fine_tune
from leap_kedro.training.store import PackedFile


def main() -> None:
    """Runs the job of the file named on the command line."""
    job = Job.model_validate_json(Path(sys.argv[1]).read_text())
    threading.Thread(target=_end_with_caller, daemon=True).start()
    if int(os.environ.get("RANK", "0")) == 0:
        logging.getLogger("leap_kedro").addHandler(_Told())
    try:
        result = fine_tune(
            job.start,
            PackedFile(job.data),
            job.parameters,
            job.checkpoints,
            job.target,
            validation=PackedFile(job.validation) if job.validation else (),
            on_progress=_report,
        )
    except TrainingRefused as error:
        if int(os.environ.get("RANK", "0")) == 0:
            print(json.dumps({"refused": str(error)}), flush=True)  # noqa: T201
        sys.exit(1)
    if int(os.environ.get("RANK", "0")) == 0:
        print(json.dumps({"result": asdict(result)}), flush=True)  # noqa: T201
    # All is written. An ordinary end would now and then abort: torch's own threads of a distributed training may still
    # ask for the interpreter while it is taken down (exit code -6, "terminate called without an active exception").
    os._exit(0)


class _Told(logging.Handler):
    """Hands what is logged to the caller, whose user is to see it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(json.dumps({"log": {"level": record.levelno, "message": record.getMessage()}}), flush=True)  # noqa: T201


def _report(progress: Progress) -> None:
    print(json.dumps({"progress": asdict(progress)}), flush=True)  # noqa: T201


def _end_with_caller() -> None:
    # Not sys.stdin: a thread that waits in it would hold its lock when the interpreter ends.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
