"""Where a benchmark's tasks come from: generated, or the official files."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Source(StrEnum):
    """Where tasks come from."""

    GENERATED = "generated"
    """Made from a seed: needs no download."""
    OFFICIAL = "official"
    """The files of the original."""
    AUTO = "auto"
    """Official where the option `data_root` or the benchmark's variable is set, else generated."""


def with_source_settled(options: Any, variable: str) -> Any:
    """Options as they were given, with `AUTO` made `OFFICIAL` or `GENERATED`.

    Args:
        options: Options before they are validated.
        variable: Environment variable that names the folder of the official files.
    """
    if not isinstance(options, Mapping) or options.get("source") != Source.AUTO.value:
        return options
    has_official = bool(options.get("data_root") or os.environ.get(variable))
    return {**options, "source": Source.OFFICIAL if has_official else Source.GENERATED}
