"""The loop over slots: a fixed number of items is processed at once, and each one that ends is replaced by the next."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar


class UnderWay(Protocol):
    """An item in a slot."""

    @property
    def ended(self) -> bool:
        """Whether its slot is free again."""


Item = TypeVar("Item")
Live = TypeVar("Live", bound=UnderWay)


def in_slots(
    items: Iterable[Item], begin: Callable[[Item], Live], advance: Callable[[list[Live]], None], slots: int
) -> Iterator[Live]:
    """Process every item from beginning to end.

    Args:
        items: The items; one is drawn only when a slot is free.
        begin: Puts an item into a slot.
        advance: Advances all items that have not ended by one step.
        slots: Number of items processed at once.

    Yields:
        Items as they end, not in their order.
    """
    waiting = iter(items)
    live: list[Live] = []
    while True:
        live += map(begin, islice(waiting, slots - len(live)))
        if not live:
            return
        advance([each for each in live if not each.ended])
        yield from [each for each in live if each.ended]
        live = [each for each in live if not each.ended]
