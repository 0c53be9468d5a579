"""Random draws that are the same on every machine and Python version.

Only `random.Random.random` keeps its sequence across Python versions, so everything else is made from it here.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

Item = TypeVar("Item")


class Draw:
    """A stream of draws that a name decides.

    Args:
        *name: What the stream is for; equal names give equal streams, different ones independent streams.
    """

    def __init__(self, *name: str | int) -> None:
        self._uniform = random.Random("/".join(map(str, name))).random

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return self._uniform() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self._uniform() * limit)

    def choice(self, items: Sequence[Item]) -> Item:
        """One of `items`, all alike."""
        return items[int(self._uniform() * len(items))]

    def weighted(self, pairs: Iterable[tuple[Item, float]]) -> Item:
        """The first of one of `pairs`, each as likely as its second, the weight (any scale), says."""
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
