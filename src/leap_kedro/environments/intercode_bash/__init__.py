"""InterCode Bash (Yang et al., NeurIPS 2023): tasks solved by shell commands in a sandbox."""

from collections.abc import Mapping
from typing import Any

from leap_kedro.environments.protocol import Benchmark


def build_benchmark(options: Mapping[str, Any]) -> Benchmark:
    """The benchmark with the given options (`parameters.InterCodeBashOptions`).

    Raises:
        pydantic.ValidationError: If an option is unknown or out of range.
    """
    from leap_kedro.environments.intercode_bash.benchmark import InterCodeBash
    from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions

    return InterCodeBash(InterCodeBashOptions.model_validate(dict(options)))
