"""Drafts of replies: the probable next tokens, so that one forward pass can check several at once.

Replies of an agent repeat the same sentences with other objects. A draft follows an earlier reply: the last one of its
conversation, or another one with the same two consecutive tokens. It replaces the old object by the new one. Each token
is still chosen as without a draft, so drafts change the speed but never the reply.
"""

from collections import OrderedDict
from collections.abc import Sequence

_LONGEST = 6
_WORTHWHILE = 0.3
_TRIAL_EVERY = 32
_PAIRS_KEPT = 20_000
_CONVERSATIONS_KEPT = 1_000


class DraftMemory:
    """Earlier replies, shared by all conversations of an engine."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, int], tuple[tuple[int, ...], int]] = {}
        self._last: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._hit_rate = 1.0
        self._replies = 0

    def learn(self, key: str, reply: Sequence[int]) -> None:
        """Record a finished reply in the conversation `key`."""
        if len(self._after) > _PAIRS_KEPT:
            self._after.clear()
        kept = tuple(reply)
        for index in range(1, len(kept)):
            self._after[kept[index - 1], kept[index]] = (kept, index + 1)
        self._last[key] = kept
        self._last.move_to_end(key)
        if len(self._last) > _CONVERSATIONS_KEPT:
            self._last.popitem(last=False)
        self._replies += 1

    def last(self, key: str) -> tuple[int, ...]:
        """The last reply in a conversation, or else the last of all; () if there is none yet."""
        newest = next(reversed(self._last), key)
        return self._last.get(key) or self._last.get(newest, ())

    def find(self, before: int, token: int) -> tuple[tuple[int, ...], int] | None:
        """The latest reply with `token` right after `before`, and the index of the token that follows."""
        return self._after.get((before, token))

    def longest(self) -> int:
        """The number of tokens to draft: none while drafts mostly fail, except for regular trials."""
        return _LONGEST if self._hit_rate > _WORTHWHILE or self._replies % _TRIAL_EVERY == 0 else 0

    def count(self, drafted: int, right: int) -> None:
        """Record how many tokens of a draft were right."""
        if drafted:
            self._hit_rate += 0.02 * (right / drafted - self._hit_rate)


class Draft:
    """Follows an earlier reply, at first `last`, while a new one is written."""

    def __init__(self, memory: DraftMemory, last: Sequence[int]) -> None:
        self._memory = memory
        self._source = tuple(last)
        self._index = 0
        self._swapped: dict[int, int] = {}
        self._before: int | None = None

    def follow(self, token: int) -> None:
        """Record the reply's next token."""
        expected = self._source[self._index] if self._index < len(self._source) else None
        before, self._before = self._before, token
        if expected is None or self._swapped.get(expected, expected) != token:
            found = None if before is None else self._memory.find(before, token)
            if found is not None:
                (self._source, self._index), self._swapped = found, {}
                return
            if expected is not None:
                self._swapped[expected] = token
        self._index += 1

    def tokens(self) -> list[int]:
        """The tokens expected next."""
        rest = self._source[self._index : self._index + self._memory.longest()]
        return [self._swapped.get(token, token) for token in rest]
