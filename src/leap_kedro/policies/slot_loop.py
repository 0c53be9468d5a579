"""The loop over slots: a fixed number of items is under way at once, and one that ends makes room for the next."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar


class UnderWay(Protocol):
    """An item in a slot."""

    @property
    def ended(self) -> bool:
        """Whether its slot is free again."""
        ...


Item = TypeVar("Item")
Live = TypeVar("Live", bound=UnderWay)


def in_slots(
    items: Iterable[Item], begin: Callable[[Item], Live], advance: Callable[[list[Live]], None], slots: int
) -> Iterator[Live]:
    """Take every item from its beginning to its end.

    Args:
        items: What is worked on; one is drawn only when a slot is free.
        begin: Puts an item into a slot.
        advance: Takes all that have not ended one step further, so that each ends some time.
        slots: Items under way at once.

    Yields:
        Items as they end, which is not their order.
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
