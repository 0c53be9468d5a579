"""The training process: `python -m leap_kedro.training JOB.json`, started by `launch.train`.

It writes one JSON object per line to stdout: progress, log messages, and finally the result or the reason for stopping.
Stderr goes to a separate file. The process ends when its stdin is closed, so it never outlives its caller.
"""

import json
import logging
import os
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from leap_kedro.records import UserError
from leap_kedro.training.failures import claim_failure, keep_stderr, stderr_folder, unwritable
from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.join import end_with
from leap_kedro.training.parameters import Job
from leap_kedro.training.store import PackedFile


def main() -> None:
    """Runs the job of the file named on the command line."""
    job_file, rank = Path(sys.argv[1]), int(os.environ.get("RANK", "0"))
    job, stderr = Job.model_validate_json(job_file.read_text()), stderr_folder(job_file.parent)
    keep_stderr(stderr, rank)
    threading.Thread(target=end_with, args=(0,), daemon=True).start()
    if rank == 0:
        logging.getLogger("leap_kedro").addHandler(_LogForwarder())
    try:
        result = fine_tune(
            job.start,
            PackedFile(job.data),
            job.parameters,
            job.checkpoints,
            job.target,
            validation=PackedFile(job.validation) if job.validation else (),
            on_progress=lambda progress: _send(progress=asdict(progress)),
        )
    except UserError as error:
        # The first process to report this may end the others before they can.
        _stop(f"the training was refused: {error}")
    except Exception as error:
        why = unwritable(error, job_file.parent)
        if not why:
            claim_failure(stderr, rank)
            traceback.print_exc()
        _stop(why)
    if rank == 0:
        _send(result=asdict(result))
    # All output is written. A normal exit sometimes aborts (exit code -6, "terminate called without an active
    # exception"), because threads of torch.distributed may still need the interpreter while it shuts down.
    os._exit(0)


class _LogForwarder(logging.Handler):
    """Forwards log records to the caller."""

    def emit(self, record: logging.LogRecord) -> None:
        _send(log={"level": record.levelno, "message": record.getMessage()})


def _send(**message: Any) -> None:
    print(json.dumps(message), flush=True)  # noqa: T201


def _stop(why: str) -> NoReturn:
    if why:
        _send(stopped=why)
    sys.exit(1)


if __name__ == "__main__":
    main()
