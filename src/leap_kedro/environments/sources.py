"""Where a benchmark's tasks come from: generated, or the official files."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from pydantic import model_validator

from leap_kedro.records.parameters import StrictModel


class Source(StrEnum):
    """Where tasks come from."""

    GENERATED = "generated"
    """Made from a seed: needs no download."""
    OFFICIAL = "official"
    """The files of the original."""
    AUTO = "auto"
    """Official where the option `data_root` or the benchmark's variable is set, else generated."""


class OnMalformed(StrEnum):
    """What is done about something in the official files that cannot be read."""

    REFUSE = "refuse"
    """Nothing is played; the error names the file."""
    SKIP = "skip"
    """It is left out and counted."""


class SourceOptions(StrictModel):
    """Options of a benchmark with generated and official tasks.

    Attributes:
        DATA_VARIABLE: Environment variable that names the folder of the official files.
        source: Where tasks come from; once validated it is never `AUTO`.
        data_root: Folder of the official files; by default that of the variable.
    """

    DATA_VARIABLE: ClassVar[str]

    source: Source = Source.GENERATED
    data_root: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _settle_source(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("source") != Source.AUTO.value:
            return given
        has_official = bool(given.get("data_root") or os.environ.get(cls.DATA_VARIABLE))
        return {**given, "source": Source.OFFICIAL if has_official else Source.GENERATED}


def user_cache() -> Path:
    """Folder in which lists and indexes of official files are kept by default."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leap_kedro"
