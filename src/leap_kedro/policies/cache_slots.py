"""Assigns conversations to slots of the cache."""

from collections import OrderedDict
from collections.abc import Collection

_SHORTEST_COPY = 32


class SlotTable:
    """The conversation and tokens of each of `count` slots; the least recently used slot is reassigned."""

    def __init__(self, count: int) -> None:
        self._slots: OrderedDict[str, int] = OrderedDict((f"\0{slot}", slot) for slot in range(count))
        self._held: list[list[int]] = [[] for _ in range(count)]

    def __contains__(self, key: str) -> bool:
        """Whether a conversation has a slot."""
        return key in self._slots

    def take(self, key: str) -> int:
        """The slot of a conversation, its own if it has one, which is now the most recently used."""
        if key not in self._slots:
            oldest = next(iter(self._slots))
            self._slots[key] = self._slots.pop(oldest)
        self._slots.move_to_end(key)
        return self._slots[key]

    def held(self, slot: int, tokens: list[int]) -> int:
        """The number of leading `tokens` that the slot contains."""
        return common_length([self._held[slot], tokens])

    def hold(self, slot: int, tokens: list[int]) -> None:
        """Record that the slot contains `tokens` and nothing after them."""
        self._held[slot] = list(tokens)

    def donor(self, slot: int, tokens: list[int]) -> tuple[int, int]:
        """The slot with the most leading `tokens`, and their number: `slot` itself unless another has many more."""
        own = self.held(slot, tokens)
        most, best = max((self.held(other, tokens), other) for other in range(len(self._held)))
        return (best, most) if most >= own + _SHORTEST_COPY else (slot, own)


def common_length(sequences: Collection[list[int]]) -> int:
    """Length of the longest prefix that all sequences share."""
    low, high = min(sequences), max(sequences)
    if low == high[: len(low)]:
        return len(low)
    return next(index for index, (left, right) in enumerate(zip(low, high, strict=False)) if left != right)
