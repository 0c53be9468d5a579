"""The common part of benchmarks with generated and official tasks."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, ClassVar, Generic, TypeVar

from leap_kedro.environments.protocol import EndlessSplit, EnvironmentFailure, Expert, TaskDataError, UnknownExpert
from leap_kedro.environments.sources import Source, SourceOptions
from leap_kedro.records import Task
from leap_kedro.records.errors import unknown_name

OptionsT = TypeVar("OptionsT", bound=SourceOptions)


class Suite(Generic[OptionsT]):
    """Base class of a `Benchmark` with generated and official tasks.

    Attributes:
        name: Registered name.
        title: Name in messages.
        instructions: The description of the actions in the prompts of chat models.
        options_model: The model of its options.
        generated_splits: Names of the splits of generated tasks.
        official_splits: Names of the splits of official tasks.
        options: Its options.
    """

    name: str
    title: ClassVar[str]
    instructions: ClassVar[str]
    options_model: ClassVar[type[SourceOptions]]
    generated_splits: ClassVar[tuple[str, ...]]
    official_splits: ClassVar[tuple[str, ...]]

    def __init__(self, options: OptionsT | None = None, **given: Any) -> None:
        """Keep the options, or validate those that are given by name.

        Raises:
            pydantic.ValidationError: If an option is unknown or out of range.
        """
        self.options: OptionsT = options or self.options_model.model_validate(given)  # type: ignore[assignment]

    def check_split(self, split: str) -> None:
        """Raise `TaskDataError` if there is no such split."""
        known = self.generated_splits if self.options.source is Source.GENERATED else self.official_splits
        if split not in known:
            raise TaskDataError(unknown_name(f"split of {self.title}", split, known))

    def check_count(self, split: str, count: int | None) -> int:
        """The requested number of generated tasks. Raises `EndlessSplit` if it is None."""
        if count is None:
            raise EndlessSplit(
                f"Generated tasks of {self.title} are unlimited (split '{split}'): give their number, e.g. "
                "--params=data_preparation.train=400,data_preparation.test.test=150"
            )
        return count

    def check_native(self, backend: str) -> None:
        """Raise `EnvironmentFailure` if the backend is not the native one, which the oracle needs."""
        if backend != "native":
            path = f"environments.{self.name}.backend"
            raise EnvironmentFailure(
                f"The oracle of {self.title} needs the native backend, and `{path}` is '{backend}'. Run with "
                f"--params={path}=native."
            )

    def expert(self, name: str, seed: int = 0) -> Expert:
        """An expert by name; all experts are deterministic.

        Raises:
            UnknownExpert: If there is no such expert.
        """
        experts = self.experts()
        if name not in experts:
            raise UnknownExpert(unknown_name(f"expert of {self.title}", name, experts))
        return experts[name]()

    def experts(self) -> Mapping[str, Callable[[], Expert]]:
        """Experts by name."""
        raise NotImplementedError


def sampled(tasks: list[Task], count: int | None, seed: int) -> list[Task]:
    """All tasks if `count` is None, else the first `count` in an order drawn with `seed`."""
    return tasks if count is None else Random(seed).sample(tasks, len(tasks))[:count]
