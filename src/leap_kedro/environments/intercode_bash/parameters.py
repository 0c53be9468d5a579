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
        train_fraction: Share of the official tasks, drawn with a fixed seed over all file systems that exist, that
            forms the split ``train``; None for the published splits, by file system.
        backend: The sandbox that runs the commands.
        docker_image: Image of the containers of the backend `docker`.
        quoting: How a command is passed to bash.
        strict_dirs: Whether the contents of new directories are compared on official tasks; on generated ones they
            always are.
        shown_characters: Maximum number of shown characters of an output; the reward considers all of it.
        limits: Resource limits of a command.
        scratch_folder: Folder of the layers; by default in the system's folder for temporary files.
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
                "the backend 'bashkit' is only for generated tasks, because its commands differ from the real ones; "
                "for official tasks set `environments.intercode_bash.backend` to bubblewrap or docker"
            )
        return self
