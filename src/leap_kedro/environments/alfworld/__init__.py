"""ALFWorld (Shridhar et al., ICLR 2021): household tasks as a text game."""

from collections.abc import Mapping
from typing import Any

from leap_kedro.environments.protocol import Benchmark


def build_benchmark(options: Mapping[str, Any]) -> Benchmark:
    """The benchmark with the given options (`parameters.ALFWorldOptions`).

    Raises:
        pydantic.ValidationError: If an option is unknown or out of range.
    """
    from leap_kedro.environments.alfworld.benchmark import ALFWorld
    from leap_kedro.environments.alfworld.parameters import ALFWorldOptions

    return ALFWorld(ALFWorldOptions.model_validate(dict(options)))
