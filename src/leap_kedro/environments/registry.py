"""Environments by name: every package in this folder is an environment, and adding a folder registers it.

A package has `build_benchmark(options)` in its `__init__`, and beside it `instructions.py`, `defaults.yml`
(parameters), `prompts/` (of teachers) and `student/base` (the base model).
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.records import UserError
from leap_kedro.records.errors import unknown_name

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
        raise UnknownEnvironment(unknown_name("environment (parameter `environment`)", name, _PACKAGES))
    return _PACKAGES[name]
