"""Listed actions: most are taken literally; open ones have a placeholder for free text.

An environment lists an open action with `OPEN` as the placeholder: ``search[<words>]``.
"""

from collections.abc import Sequence

OPEN = "<words>"
"""Placeholder for any words in a listed action."""


def is_open(listed: str) -> bool:
    """Whether a listed action has the placeholder."""
    return OPEN in listed


def around(listed: str) -> tuple[str, str]:
    """The parts of an open action before and after its placeholder."""
    before, _, after = listed.partition(OPEN)
    return before, after


def filled(listed: str, words: str) -> str:
    """An open action with words instead of its placeholder."""
    before, after = around(listed)
    return f"{before}{words}{after}"


def is_listed(action: str, listed: Sequence[str]) -> bool:
    """Whether an action is listed, or is a listed open action with some words filled in."""
    return action in listed or any(_fills(action, one) for one in listed if is_open(one))


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, without square brackets, which delimit words in actions."""
    return text.lower().replace("[", " ").replace("]", " ").split()


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
