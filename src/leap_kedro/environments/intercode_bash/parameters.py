"""Options of the InterCode Bash benchmark."""

from pathlib import Path

from pydantic import Field, model_validator

from leap_kedro.environments.intercode_bash.engine.reward import Quoting
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import Backend
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Limits
from leap_kedro.environments.sources import Source, SourceOptions
from leap_kedro.records.parameters import Free


class InterCodeBashOptions(SourceOptions):
    """Options of the benchmark.

    Attributes:
        train_fraction: Official tasks: the share of them, drawn by a fixed seed over all file systems that are there,
            that is the split ``train``; None for the published splits, by file system.
        backend: What runs the commands.
        docker_image: Image of the containers of that backend.
        quoting: How a command gets to bash.
        strict_dirs: Official tasks: whether what new directories hold is compared. On generated ones it always is.
        shown_characters: Most characters of an output that are shown; the reward sees all of it.
        limits: What a command may use.
        scratch_folder: Where layers are kept while they are needed; by default in the system's folder for temporary
            files.
    """

    DATA_VARIABLE = "INTERCODE_DATA"

    train_fraction: float | None = Field(default=None, gt=0, lt=1)
    backend: Backend = Backend.AUTO
    docker_image: str = "debian:12-slim"
    quoting: Quoting = Quoting.SAFE
    strict_dirs: bool = False
    shown_characters: int = Field(default=4000, ge=200)
    limits: Limits = Limits()
    scratch_folder: Free[Path | None] = None

    @model_validator(mode="after")
    def _official_tasks_have_real_commands(self) -> "InterCodeBashOptions":
        if self.source is Source.OFFICIAL and self.backend is Backend.BASHKIT:
            raise ValueError(
                "the backend 'bashkit' is for generated tasks alone, its commands answer otherwise than the real ones; "
                "for official tasks set `environments.intercode_bash.backend` to bubblewrap or docker"
            )
        return self
