"""Options of the ALFWorld benchmark."""

from enum import StrEnum
from pathlib import Path

from leap_kedro.environments.alfworld.engine.problem import TextVersion
from leap_kedro.environments.sources import OnMalformed, SourceOptions
from leap_kedro.records.parameters import Free


class Backend(StrEnum):
    """The implementation of the games."""

    NATIVE = "native"
    """This project's engine."""
    TEXTWORLD = "textworld"
    """The official packages (extra ``[alfworld]``), for comparison; about a thousand times slower."""


class ALFWorldOptions(SourceOptions):
    """Options of the benchmark; the folder of the official files is the one with ``json_2.1.1/`` in it.

    Attributes:
        text_version: Text version of generated games; that of official games is in their files.
        on_malformed: How malformed official game files are handled.
        backend: Implementation of the games.
        cache_folder: Folder of the cached list of official games; by default ``leap_kedro`` in the user's cache folder.
    """

    DATA_VARIABLE = "ALFWORLD_DATA"

    text_version: TextVersion = TextVersion.V2_1_1
    on_malformed: OnMalformed = OnMalformed.REFUSE
    backend: Backend = Backend.NATIVE
    cache_folder: Free[Path | None] = None
