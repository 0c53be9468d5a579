"""What benchmarks share whose tasks are generated or official."""

from collections.abc import Callable, Mapping
from random import Random
from typing import ClassVar, Generic, TypeVar

from leap_kedro.environments.protocol import (
    EndlessSplit,
    EnvironmentFailure,
    Expert,
    TaskDataError,
    UnknownExpert,
)
from leap_kedro.environments.sources import Source, SourceOptions
from leap_kedro.records import Task
from leap_kedro.records.errors import unknown_name

OptionsT = TypeVar("OptionsT", bound=SourceOptions)


class Suite(Generic[OptionsT]):
    """The common part of such a `Benchmark`.

    Attributes:
        name: Registered name.
        title: Name in messages.
        generated_splits: Names of the splits of generated tasks.
        official_splits: Names of the splits of official tasks.
        options: Its options.
    """

    name: str
    title: ClassVar[str]
    generated_splits: ClassVar[tuple[str, ...]]
    official_splits: ClassVar[tuple[str, ...]]

    def __init__(self, options: OptionsT) -> None:
        """Offer the tasks that the options describe."""
        self.options = options

    def check_split(self, split: str) -> None:
        """Raise `TaskDataError` if there is no such split."""
        known = self.generated_splits if self.options.source is Source.GENERATED else self.official_splits
        if split not in known:
            raise TaskDataError(unknown_name(f"split of {self.title}", split, known))

    def check_count(self, split: str, count: int | None) -> int:
        """The number of generated tasks asked for. Raises `EndlessSplit` if it is None."""
        if count is None:
            raise EndlessSplit(
                f"Generated tasks of {self.title} have no last one (split '{split}'): say how many, e.g. "
                "--params=data_preparation.train=400,data_preparation.test.test=150"
            )
        return count

    def check_native(self, backend: str) -> None:
        """Raise `EnvironmentFailure` if another backend plays than the native one, in which the oracle plans."""
        if backend != "native":
            path = f"environments.{self.name}.backend"
            raise EnvironmentFailure(
                f"The oracle of {self.title} plans in the native backend, and the option `{path}` is '{backend}'. Run "
                f"with --params={path}=native."
            )

    def expert(self, name: str, seed: int = 0) -> Expert:
        """An expert by name; all are deterministic.

        Raises:
            UnknownExpert: If there is none of that name.
        """
        experts = self.experts()
        if name not in experts:
            raise UnknownExpert(unknown_name(f"expert of {self.title}", name, experts))
        return experts[name]()

    def experts(self) -> Mapping[str, Callable[[], Expert]]:
        """Experts by name."""
        raise NotImplementedError


def sampled(tasks: list[Task], count: int | None, seed: int) -> list[Task]:
    """All tasks where `count` is None, else the first `count` in an order drawn with `seed`."""
    return tasks if count is None else Random(seed).sample(tasks, len(tasks))[:count]
