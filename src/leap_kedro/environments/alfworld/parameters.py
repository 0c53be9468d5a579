"""Options of the ALFWorld benchmark."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from leap_kedro.environments.alfworld.problem import TextVersion


class Source(StrEnum):
    """Where the games come from."""

    GENERATED = "generated"
    """Made from a seed: needs no download."""
    OFFICIAL = "official"
    """The files of `alfworld-download`."""
    AUTO = "auto"
    """Official where `data_root` or the variable ``ALFWORLD_DATA`` is set, else generated."""


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


class ALFWorldOptions(BaseModel):
    """Options of the benchmark.

    Attributes:
        source: Where the games come from; once validated it is never `AUTO`.
        data_root: Folder with ``json_2.1.1/`` in it; by default that of the variable ``ALFWORLD_DATA``.
        text_version: Wordings of generated games; official ones have that of their file.
        on_malformed: What is done about an official game file that cannot be read.
        backend: What plays the games.
        cache_folder: Where the list of official games is kept; by default ``leap_kedro`` in the user's cache folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Source = Source.GENERATED
    data_root: Path | None = None
    text_version: TextVersion = TextVersion.V2_1_1
    on_malformed: OnMalformed = OnMalformed.REFUSE
    backend: Backend = Backend.NATIVE
    cache_folder: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _resolve_source(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("source") != Source.AUTO.value:
            return given
        has_official = bool(given.get("data_root") or os.environ.get("ALFWORLD_DATA"))
        return {**given, "source": Source.OFFICIAL if has_official else Source.GENERATED}
