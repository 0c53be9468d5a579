"""Environments by name: every package in this folder is an environment, and adding a folder registers it.

A package has `build_benchmark(options)` in its `__init__`, and beside it `instructions.py`, `defaults.yml`
(parameters; `official.yml` beside it holds those that differ with official files), `prompts/` (of teachers) and
`student/base` (the base model). A module `student/slots.py` offers copy slots (`Vocabulary.slots`).
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from pydantic import ValidationError

from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.environments.slots import View
from leap_kedro.environments.sources import Source
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import UserError
from leap_kedro.records.errors import unknown_name

_HERE = Path(__file__).parent
_PACKAGES = {found.name: f"leap_kedro.environments.{found.name}" for found in iter_modules([str(_HERE)]) if found.ispkg}
REGISTERED = tuple(_PACKAGES)
"""Names of the environments."""


class UnknownEnvironment(UserError):
    """No environment of that name is registered."""


class OffersNoSlots(UserError):
    """The environment has no vocabulary with copy slots."""


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


def environment_slots(name: str) -> tuple[Vocabulary, View]:
    """The vocabulary with copy slots of an environment, and what its student reads instead of the texts.

    They are `vocabulary()` and `VIEW` of the environment's module `student.slots`.

    Raises:
        UnknownEnvironment: If no such environment is registered.
        OffersNoSlots: If it has no such module.
    """
    module = f"{_package(name)}.student.slots"
    if find_spec(f"{_package(name)}.student") is None or find_spec(module) is None:
        able = [other for other in _PACKAGES if (environment_folder(other) / "student" / "slots.py").exists()]
        raise OffersNoSlots(
            f"The environment '{name}' offers no copy slots; {', '.join(able)} does. Use another base model: "
            "--params=bootstrap.base=embedded"
        )
    found = import_module(module)
    return found.vocabulary(), found.VIEW


def make_benchmark(spec: EnvironmentSpec) -> Benchmark:
    """The benchmark that `spec` names.

    Raises:
        UnknownEnvironment: If no such environment is registered.
        pydantic.ValidationError: If an option is unknown or out of range.
    """
    benchmark: Benchmark = import_module(_package(spec.name)).build_benchmark(spec.options)
    return benchmark


def plays_official(name: str, options: Mapping[str, Any]) -> bool:
    """Whether a registered environment plays official tasks with these options; not if they are invalid."""
    try:
        benchmark: Any = make_benchmark(EnvironmentSpec(name, options))
    except (ValidationError, UserError):
        return False
    return getattr(getattr(benchmark, "options", None), "source", None) is Source.OFFICIAL


def _package(name: str) -> str:
    if name not in _PACKAGES:
        raise UnknownEnvironment(unknown_name("environment (parameter `environment`)", name, _PACKAGES))
    return _PACKAGES[name]
