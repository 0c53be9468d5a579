"""Which slot of the key-value cache holds the tokens of which conversation."""

from collections import OrderedDict
from collections.abc import Collection

_SHORTEST_COPY = 32


class SlotTable:
    """The tokens of each slot and their conversation; the least recently used slot is reassigned."""

    def __init__(self, count: int) -> None:
        """Start with `count` empty slots."""
        self._slots: OrderedDict[str, int] = OrderedDict((f"\0{slot}", slot) for slot in range(count))
        self._held: list[list[int]] = [[] for _ in range(count)]

    def __contains__(self, key: str) -> bool:
        """Whether a conversation has a slot."""
        return key in self._slots

    def take(self, key: str) -> int:
        """The slot of a conversation, its own if it has one; it becomes the most recently used one."""
        if key not in self._slots:
            oldest = next(iter(self._slots))
            self._slots[key] = self._slots.pop(oldest)
        self._slots.move_to_end(key)
        return self._slots[key]

    def held(self, slot: int, tokens: list[int]) -> int:
        """How many of the first `tokens` are in the slot."""
        return common_length([self._held[slot], tokens])

    def hold(self, slot: int, tokens: list[int]) -> None:
        """Record that the slot holds exactly `tokens`."""
        self._held[slot] = list(tokens)

    def donor(self, slot: int, tokens: list[int]) -> tuple[int, int]:
        """The slot with most of the first `tokens`, and their number: `slot` itself unless another has many more."""
        own = self.held(slot, tokens)
        most, best = max((self.held(other, tokens), other) for other in range(len(self._held)))
        return (best, most) if most >= own + _SHORTEST_COPY else (slot, own)


def common_length(sequences: Collection[list[int]]) -> int:
    """Length of the longest common prefix of all sequences."""
    low, high = min(sequences), max(sequences)
    if low == high[: len(low)]:
        return len(low)
    return next(index for index, (left, right) in enumerate(zip(low, high, strict=False)) if left != right)
