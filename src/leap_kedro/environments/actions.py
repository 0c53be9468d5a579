"""Listed actions: most are to be taken as they stand, some are open, with a place for words of one's own.

An environment lists an open action with `OPEN` in that place: ``search[<words>]``.
"""

from collections.abc import Sequence

OPEN = "<words>"
"""Stands in a listed action for any words."""


def is_open(listed: str) -> bool:
    """Whether a listed action has a place for words."""
    return OPEN in listed


def around(listed: str) -> tuple[str, str]:
    """What stands before and after the words of an open action."""
    before, _, after = listed.partition(OPEN)
    return before, after


def filled(listed: str, words: str) -> str:
    """An open action with words in its place."""
    before, after = around(listed)
    return f"{before}{words}{after}"


def is_listed(action: str, listed: Sequence[str]) -> bool:
    """Whether the action is one of those listed, or one of the open ones with some words in its place."""
    return action in listed or any(_fills(action, one) for one in listed if is_open(one))


def _fills(action: str, listed: str) -> bool:
    before, after = around(listed)
    words = action[len(before) : len(action) - len(after)]
    return (
        action.startswith(before)
        and action.endswith(after)
        and len(action) > len(before) + len(after)
        and bool(words.strip())
        and words != OPEN
        and "\n" not in words
    )
