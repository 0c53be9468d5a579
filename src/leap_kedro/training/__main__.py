"""The training process: `python -m leap_kedro.training JOB.json`, started by `launch.train`.

Writes one JSON object a line to stdout: progress and log lines, then the result or why there is none. Its stderr goes
to a file of its own. Ends when its stdin does, that is, with its caller.
"""

import json
import logging
import os
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from leap_kedro.records import UserError
from leap_kedro.training.failures import claim_failure, keep_stderr, unwritable
from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.job import Job, stderr_folder
from leap_kedro.training.join import end_with
from leap_kedro.training.progress import Progress
from leap_kedro.training.store import PackedFile


def main() -> None:
    """Runs the job of the file named on the command line."""
    job_file, rank = Path(sys.argv[1]), int(os.environ.get("RANK", "0"))
    job, said = Job.model_validate_json(job_file.read_text()), stderr_folder(job_file)
    keep_stderr(said, rank)
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
            on_progress=_report,
        )
    except UserError as error:
        # From whichever process is first: it may be the end of the others.
        _stop(f"the training was refused: {error}")
    except Exception as error:
        why = unwritable(error, job_file.parent)
        if not why:
            claim_failure(said, rank)
            traceback.print_exc()
        _stop(why)
    if rank == 0:
        print(json.dumps({"result": asdict(result)}), flush=True)  # noqa: T201
    # All is written. An ordinary end would now and then abort: torch's own threads of a distributed training may still
    # ask for the interpreter while it is taken down (exit code -6, "terminate called without an active exception").
    os._exit(0)


class _LogForwarder(logging.Handler):
    """Hands what is logged to the caller, whose user is to see it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(json.dumps({"log": {"level": record.levelno, "message": record.getMessage()}}), flush=True)  # noqa: T201


def _report(progress: Progress) -> None:
    print(json.dumps({"progress": asdict(progress)}), flush=True)  # noqa: T201


def _stop(why: str) -> NoReturn:
    if why:
        print(json.dumps({"stopped": why}), flush=True)  # noqa: T201
    sys.exit(1)


if __name__ == "__main__":
    main()
