"""Options of the ALFWorld benchmark."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import model_validator

from leap_kedro.environments.alfworld.engine.problem import TextVersion
from leap_kedro.environments.sources import Source, with_source_settled
from leap_kedro.records.parameters import Free, StrictModel


class Backend(StrEnum):
    """What plays them."""

    NATIVE = "native"
    """The engine of this project."""
    TEXTWORLD = "textworld"
    """The official packages (extra ``[alfworld]``), for comparison: some thousand times slower."""


class OnMalformed(StrEnum):
    """What is done about a game file that cannot be read."""

    REFUSE = "refuse"
    """Nothing is played; the error names the file."""
    SKIP = "skip"
    """It is left out and counted."""


class ALFWorldOptions(StrictModel):
    """Options of the benchmark.

    Attributes:
        source: Where the games come from; once validated it is never `AUTO`.
        data_root: Folder with ``json_2.1.1/`` in it; by default that of the variable ``ALFWORLD_DATA``.
        text_version: Wordings of generated games; official ones have that of their file.
        on_malformed: What is done about an official game file that cannot be read.
        backend: What plays the games.
        cache_folder: Where the list of official games is kept; by default ``leap_kedro`` in the user's cache folder.
    """

    source: Source = Source.GENERATED
    data_root: Path | None = None
    text_version: TextVersion = TextVersion.V2_1_1
    on_malformed: OnMalformed = OnMalformed.REFUSE
    backend: Backend = Backend.NATIVE
    cache_folder: Free[Path | None] = None

    @model_validator(mode="before")
    @classmethod
    def _resolve_source(cls, given: Any) -> Any:
        return with_source_settled(given, "ALFWORLD_DATA")
