"""The environment that the parameters describe."""

from collections.abc import Mapping
from typing import Any

from leap_kedro.environments.protocol import EnvironmentSpec


def environment_spec(environment: str, environments: Mapping[str, Mapping[str, Any]]) -> EnvironmentSpec:
    """Name and options of the environment in use, from the parameters `environment` and `environments`."""
    return EnvironmentSpec(environment, environments.get(environment, {}))
