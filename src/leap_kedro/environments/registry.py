"""Environments by name: an entry point of the group `leap_kedro.environments`, or `package.module:Class`.

An entry point or path refers to a class, or another callable, that takes the environment's options as keyword arguments
and returns a benchmark: a whole `Benchmark`, or a `core.CoreBenchmark` with any capabilities.

What belongs to the environment is in the folder of its module: `defaults.yml` (parameters; `official.yml` beside it
holds those that differ with official files), `prompts/` (of teachers) and `student/base` (the base model). A module
`student.slots` of its package offers copy slots with a view (`Vocabulary.slots`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from leap_kedro.environments.completed import Completed
from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.environments.slots import View
from leap_kedro.environments.sources import Source
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import UserError
from leap_kedro.records.errors import in_one_line, unknown_name

GROUP = "leap_kedro.environments"
"""Group of the entry points."""

OWN = Path(__file__).parent
"""Folder of this project's environments, with defaults for those of other packages."""

GENERAL_PROMPTS = OWN / "prompts"
"""Folder of the prompts of teachers for environments without prompts of their own."""

INSTRUCTIONS = """\
You act in a text environment. After each observation you take one action, on one line. Where the possible actions are
listed, copy one of them."""
"""The description of the actions in the prompts of chat models, for an environment without `instructions`."""

_ENTRY_POINTS: Mapping[str, EntryPoint] = {found.name: found for found in entry_points(group=GROUP)}
REGISTERED = tuple(sorted(_ENTRY_POINTS))
"""Names of the environments of installed packages."""

_NAME = re.compile(r"\w+")
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class UnknownEnvironment(UserError):
    """No environment of that name is registered, or its class cannot be imported or built."""


class OffersNoSlots(UserError):
    """The environment has no vocabulary with copy slots."""


@dataclass(frozen=True, slots=True)
class _Registration:
    """A reference to an environment, resolved.

    Attributes:
        name: Name of the environment in parameters, tasks and results.
        module: Name of its module.
        build: Its class, or function.
    """

    name: str
    module: str
    build: Callable[..., Any]

    @property
    def folder(self) -> Path:
        return Path(str(import_module(self.module).__file__)).parent

    @property
    def package(self) -> str:
        found = import_module(self.module)
        return str(found.__package__)


def environment_name(reference: str) -> str:
    """The name of the environment that the parameter `environment` refers to.

    Raises:
        UnknownEnvironment: If there is no such environment.
    """
    return _find(reference).name


def environment_folder(reference: str) -> Path:
    """The folder of an environment's module.

    Raises:
        UnknownEnvironment: If there is no such environment.
    """
    return _find(reference).folder


def environment_instructions(reference: str) -> str:
    """The description of the actions in the prompts of chat models: the attribute `instructions` of the class.

    Raises:
        UnknownEnvironment: If there is no such environment.
    """
    return str(getattr(_find(reference).build, "instructions", INSTRUCTIONS))


def options_model(reference: str) -> type[BaseModel] | None:
    """The model of an environment's options: the attribute `options_model` of the class, if it has one.

    Raises:
        UnknownEnvironment: If there is no such environment.
    """
    model = getattr(_find(reference).build, "options_model", None)
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def environment_slots(reference: str, options: Mapping[str, Any] | None = None) -> tuple[Vocabulary, View | None]:
    """The vocabulary with copy slots of an environment, and what its student reads instead of the texts, if anything.

    They are `vocabulary()` and `VIEW` of the module `student.slots` of its package. For an environment without
    vocabulary, they are the words of random walks in it with these options, and no view.

    Raises:
        UnknownEnvironment: If there is no such environment.
        OffersNoSlots: If it has its own vocabulary, and no such module.
        LacksCapability: If it has no vocabulary and lists no actions.
    """
    found = _find(reference)
    module = f"{found.package}.student.slots"
    if found.package and find_spec(f"{found.package}.student") is not None and find_spec(module) is not None:
        slots = import_module(module)
        return slots.vocabulary(), slots.VIEW
    vocabulary = make_benchmark(EnvironmentSpec(reference, options or {})).vocabulary()
    if vocabulary.slots is None:
        raise OffersNoSlots(
            f"The environment '{found.name}' offers no copy slots. Use another base model: "
            "--params=bootstrap.base=embedded"
        )
    return vocabulary, None


def make_benchmark(spec: EnvironmentSpec) -> Benchmark:
    """The benchmark that `spec` names.

    Raises:
        UnknownEnvironment: If there is no such environment, or it cannot be built with these options.
        pydantic.ValidationError: If an option is unknown or out of range.
    """
    found = _find(spec.name)
    try:
        made: Any = found.build(**spec.options)
    except (ValidationError, UserError):
        raise
    except Exception as error:
        raise UnknownEnvironment(
            f"The environment '{found.name}' cannot be built with its options {dict(spec.options)} "
            f"(`environments.{found.name}`): {in_one_line(error)}"
        ) from error
    missing = [name for name in ("tasks", "environment") if not callable(getattr(made, name, None))]
    if not (hasattr(made, "oracle") and hasattr(made, "transcripts")) and not hasattr(made, "privileged"):
        missing.append("privileged")
    if missing:
        raise UnknownEnvironment(
            f"The environment '{found.name}' lacks {' and '.join(f'`{name}`' for name in missing)} "
            "(docs/your_environment.md, A class with three methods)."
        )
    return Completed(made, found.name, spec.name) if hasattr(made, "privileged") else made


def plays_official(reference: str, options: Mapping[str, Any]) -> bool:
    """Whether a registered environment plays official tasks with these options; not if they are invalid."""
    try:
        benchmark: Any = make_benchmark(EnvironmentSpec(reference, options))
    except (ValidationError, UserError):
        return False
    return getattr(getattr(benchmark, "options", None), "source", None) is Source.OFFICIAL


_IN_USE: dict[str, str] = {}
"""Name -> reference of the classes that were named by path in this process."""


@lru_cache(maxsize=32)
def _find(reference: str) -> _Registration:
    given = reference = _IN_USE.get(reference, reference)
    if ":" not in reference:
        if reference not in _ENTRY_POINTS:
            raise UnknownEnvironment(
                f"{unknown_name('environment (parameter `environment`)', reference, REGISTERED)} A class of your own "
                "is named package.module:Class."
            )
        reference, name = _ENTRY_POINTS[reference].value, reference
    else:
        name = ""
    module, _, attribute = reference.partition(":")
    try:
        build: Any = getattr(import_module(module), attribute)
    except Exception as error:
        raise UnknownEnvironment(
            f"The environment '{name or reference}' cannot be imported: {in_one_line(error)}. Its module has to be "
            "installed, or in the folder src/ of the project."
        ) from error
    name = name or str(getattr(build, "name", None) or _WORD_STARTS.sub("_", attribute).lower())
    if not callable(build) or not _NAME.fullmatch(name):
        raise UnknownEnvironment(
            f"The environment '{reference}' is no class whose name (its attribute `name`) has letters, digits and _."
        )
    if ":" in given:
        if name in _ENTRY_POINTS:
            raise UnknownEnvironment(f"The environment '{given}' has the name of the registered one '{name}'.")
        _IN_USE[name] = given
    return _Registration(name, module, build)
