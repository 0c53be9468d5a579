"""Environments by name: every package in this folder is an environment, and adding a folder registers it.

A package has `build_benchmark(options)` in its `__init__`, and beside it `instructions.py`, `defaults.yml`
(parameters), `prompts/` (of teachers) and `student/base` (the base model).
"""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.records import UserError

_HERE = Path(__file__).parent
_PACKAGES = {found.name: f"leap_kedro.environments.{found.name}" for found in iter_modules([str(_HERE)]) if found.ispkg}
REGISTERED = tuple(_PACKAGES)
"""Names of the environments."""


class UnknownEnvironment(UserError):
    """No environment of that name is registered."""


def environment_folder(name: str) -> Path:
    """The folder of an environment's package.

    Raises:
        UnknownEnvironment: If no such environment is registered.
    """
    return Path(str(import_module(_package(name)).__file__)).parent


def environment_instructions(name: str) -> str:
    """The description of the actions in the prompts of chat models: `INSTRUCTIONS` of the module `instructions`.

    Raises:
        UnknownEnvironment: If no such environment is registered.
    """
    instructions: str = import_module(f"{_package(name)}.instructions").INSTRUCTIONS
    return instructions


def make_benchmark(spec: EnvironmentSpec) -> Benchmark:
    """The benchmark that `spec` names.

    Raises:
        UnknownEnvironment: If no such environment is registered.
        pydantic.ValidationError: If an option is unknown or out of range.
    """
    benchmark: Benchmark = import_module(_package(spec.name)).build_benchmark(spec.options)
    return benchmark


def _package(name: str) -> str:
    if name not in _PACKAGES:
        close = get_close_matches(name, _PACKAGES, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise UnknownEnvironment(
            f"Unknown environment '{name}' (parameter `environment`); registered: {', '.join(_PACKAGES)}.{hint}"
        )
    return _PACKAGES[name]
