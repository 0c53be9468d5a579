"""The environment that the parameters describe."""

from collections.abc import Mapping
from typing import Any

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import environment_name


def environment_spec(environment: str, environments: Mapping[str, Mapping[str, Any]]) -> EnvironmentSpec:
    """The environment in use, from the parameters `environment` (its name) and `environments` (options by name)."""
    return EnvironmentSpec(environment, environments.get(environment_name(environment), {}))
