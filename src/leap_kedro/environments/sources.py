"""The source of a benchmark's tasks: a generator or the official files."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from pydantic import model_validator

from leap_kedro.records.parameters import StrictModel


class Source(StrEnum):
    """The source of tasks."""

    GENERATED = "generated"
    """Generated from a seed; needs no download."""
    OFFICIAL = "official"
    """The official files."""
    AUTO = "auto"
    """Official if the option `data_root` or the benchmark's variable is set, else generated."""


class OnMalformed(StrEnum):
    """How malformed entries of the official files are handled."""

    REFUSE = "refuse"
    """Raise an error that names the file."""
    SKIP = "skip"
    """Leave the entry out and count it."""


class SourceOptions(StrictModel):
    """Options of a benchmark with generated and official tasks.

    Attributes:
        DATA_VARIABLE: Environment variable that names the folder of the official files.
        source: The source of tasks; never `AUTO` after validation.
        data_root: Folder of the official files; by default the value of the variable.
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
    """Default folder of the lists and indexes of official files."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leap_kedro"
