"""Environments by name."""

from difflib import get_close_matches
from importlib import import_module

from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.records import UserError

_MODULES = {
    "alfworld": "leap_kedro.environments.alfworld",
    "webshop": "leap_kedro.environments.webshop",
    "intercode_bash": "leap_kedro.environments.intercode_bash",
}
REGISTERED = tuple(_MODULES)
"""Names of the environments."""


class UnknownEnvironment(UserError):
    """No environment of that name is registered."""


def environment_instructions(name: str) -> str:
    """What a chat model is told about the environment's actions: `INSTRUCTIONS` of its module `instructions`.

    Raises:
        UnknownEnvironment: If no such environment is registered.
    """
    instructions: str = import_module(f"{_module(name)}.instructions").INSTRUCTIONS
    return instructions


def make_benchmark(spec: EnvironmentSpec) -> Benchmark:
    """The benchmark that `spec` names.

    Raises:
        UnknownEnvironment: If no such environment is registered.
        pydantic.ValidationError: If an option is unknown or out of range.
    """
    benchmark: Benchmark = import_module(_module(spec.name)).build_benchmark(spec.options)
    return benchmark


def _module(name: str) -> str:
    if name not in _MODULES:
        close = get_close_matches(name, _MODULES, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise UnknownEnvironment(
            f"Unknown environment '{name}' (parameter `environment`); registered: {', '.join(_MODULES)}.{hint}"
        )
    return _MODULES[name]
