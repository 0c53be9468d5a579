"""The job of a training process, in a file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from leap_kedro.training.parameters import FineTuning


class Job(BaseModel):
    """The job of a training process.

    Attributes:
        start: Folder of the model to start from.
        data: File of `write_packed`.
        parameters: How to train.
        checkpoints: Folder of the checkpoints.
        target: Folder to write.
        validation: File of the validation data.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Path
    data: Path
    parameters: FineTuning
    checkpoints: Path
    target: Path
    validation: Path | None = None


def stderr_folder(job_file: Path) -> Path:
    """Folder of what each process of a job writes to stderr, ``rank-0.txt`` and on, of all machines."""
    return job_file.parent / "stderr"
