"""Random draws that are equal on every machine and Python version.

Only `random.Random.random` keeps its sequence across Python versions, so everything else is derived from it.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

Item = TypeVar("Item")


class Draw:
    """A stream of draws that depends on its name.

    Args:
        *name: Purpose of the stream; equal names give equal streams, different names independent ones.
    """

    def __init__(self, *name: str | int) -> None:
        self._uniform = random.Random("/".join(map(str, name))).random

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._uniform() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self._uniform() * limit)

    def choice(self, items: Sequence[Item]) -> Item:
        """One of `items` with equal probabilities."""
        return items[int(self._uniform() * len(items))]

    def weighted(self, pairs: Iterable[tuple[Item, float]]) -> Item:
        """An item of (item, weight) pairs with a probability proportional to its weight."""
        items, weights = zip(*pairs, strict=True)
        totals = list(accumulate(weights))
        picked: Item = items[min(bisect_right(totals, self._uniform() * totals[-1]), len(items) - 1)]
        return picked

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """`items` in random order."""
        rest = list(items)
        for last in range(len(rest) - 1, 0, -1):
            other = int(self._uniform() * (last + 1))
            rest[last], rest[other] = rest[other], rest[last]
        return rest
