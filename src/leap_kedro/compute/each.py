"""The same function of each of many items, as work that can run elsewhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from leap_kedro.compute.parameters import ComputeParameters
from leap_kedro.compute.run import run
from leap_kedro.compute.work import Item, Loaded, Pulse, Result, WorkerFailure


def of_each(
    name: str, load: Callable[[], Callable[[Item], Result]], items: Sequence[Item], compute: ComputeParameters
) -> Iterator[tuple[int, Result]]:
    """The result of each item, with the item's place, as they become available; on this machine in order.

    Args:
        name: What is done, for messages.
        load: Returns the function; picklable, and called once in each worker.
        items: The items, picklable.
        compute: Where the work is done.

    Raises:
        WorkerFailure: If the work fails on a cluster; see `run`. On this machine, errors of the function are raised.
    """
    work: _EachWork[Item, Result] = _EachWork(name, load)
    yield from run(work, list(enumerate(items)), compute=compute)


def in_place(results: Iterable[tuple[int, Result]]) -> list[Result]:
    """All results of `of_each`, in the order of their items."""
    return [result for _, result in sorted(results, key=lambda pair: pair[0])]


@dataclass(frozen=True, slots=True)
class _EachWork(Generic[Item, Result]):
    name: str
    function: Callable[[], Callable[[Item], Result]]
    slots: int = 1
    folder: Path | None = None

    def moved(self, folder: Path) -> "_EachWork[Item, Result]":
        return self

    def load(self) -> Loaded[tuple[int, Item], tuple[int, Result]]:
        function = self.function()

        def results(items: Iterable[tuple[int, Item]], pulse: Pulse) -> Iterator[tuple[int, Result]]:
            return ((place, function(item)) for place, item in items)

        return results

    def item_id(self, item: tuple[int, Any]) -> str:
        return f"number {item[0]}"

    def result_id(self, result: tuple[int, Any]) -> str:
        return f"number {result[0]}"

    def given_up(self, item: tuple[int, Any], cause: str) -> tuple[int, Result]:
        raise WorkerFailure(f"{self.name}: {cause} The item: {str(item[1])[:500]}")
