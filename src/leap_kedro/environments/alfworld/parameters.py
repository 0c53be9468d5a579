"""Options of the ALFWorld benchmark."""

from enum import StrEnum
from pathlib import Path

from leap_kedro.environments.alfworld.engine.problem import TextVersion
from leap_kedro.environments.sources import OnMalformed, SourceOptions
from leap_kedro.records.parameters import Free


class Backend(StrEnum):
    """What plays them."""

    NATIVE = "native"
    """The engine of this project."""
    TEXTWORLD = "textworld"
    """The official packages (extra ``[alfworld]``), for comparison: some thousand times slower."""


class ALFWorldOptions(SourceOptions):
    """Options of the benchmark; the folder of the official files is the one with ``json_2.1.1/`` in it.

    Attributes:
        text_version: Wordings of generated games; official ones have that of their file.
        on_malformed: What is done about an official game file that cannot be read.
        backend: What plays the games.
        cache_folder: Where the list of official games is kept; by default ``leap_kedro`` in the user's cache folder.
    """

    DATA_VARIABLE = "ALFWORLD_DATA"

    text_version: TextVersion = TextVersion.V2_1_1
    on_malformed: OnMalformed = OnMalformed.REFUSE
    backend: Backend = Backend.NATIVE
    cache_folder: Free[Path | None] = None
