"""Work on many independent items, which can run in this process, in other processes and on other machines."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, Self, TypeVar

from leap_kedro.records import UserError

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Result = TypeVar("Result")

Pulse = Callable[[], None]
"""Called at each sign of progress, so that a hanging worker is noticed."""

Loaded = Callable[[Iterable[Item], Pulse], Iterator[Result]]
"""Works on items: results as they become available. Items are drawn only when there is room for them; the iterator of
the items may end and have further items later."""


class WorkerFailure(UserError):
    """Workers failed; the results that were yielded before are complete."""


class Work(Protocol[Item_contra, Result]):
    """What has to be done with each item; picklable. The result of an item depends on nothing but the item.

    Attributes:
        name: What a worker does, for messages: "rollout", "correction".
        slots: Number of items that a worker processes at once.
        folder: A folder that workers read, such as the policy's; None if they need none.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def slots(self) -> int: ...  # noqa: D102

    @property
    def folder(self) -> Path | None: ...  # noqa: D102

    def moved(self, folder: Path) -> Self:
        """The same work with its folder at another place."""
        ...

    def load(self) -> Loaded[Item_contra, Result]:
        """Load everything that the work needs; called once in each worker."""
        ...

    def item_id(self, item: Item_contra) -> str:
        """Identifies an item."""
        ...

    def result_id(self, result: Result) -> str:
        """The `item_id` of the result's item."""
        ...

    def given_up(self, item: Item_contra, cause: str) -> Result:
        """The result of an item that no worker survives.

        Raises:
            WorkerFailure: If there is no such result.
        """
        ...


def no_pulse() -> None:
    """Nobody waits for signs of progress."""
