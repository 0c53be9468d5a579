"""Escapes untrusted texts in a chat prompt: a space breaks up everything that could end a message, reversibly.

The search for a literal ignores spaces, so a literal that is already broken up gets another space, and `restored`
removes exactly one. Every text is restored exactly. Literals may overlap.
"""

import re
from collections import defaultdict
from collections.abc import Iterable


class Escaping:
    """Breaks up `literals` and restores them, except those with fewer than two characters besides spaces."""

    def __init__(self, literals: Iterable[str]) -> None:
        tails: dict[str, list[str]] = defaultdict(list)
        for literal in sorted({literal.replace(" ", "") for literal in literals}, key=len, reverse=True):
            if len(literal) > 1:
                tails[literal[0]].append("".join(f" *{re.escape(character)}" for character in literal[1:]))
        # The rest after the first character is a lookahead, so that overlapping literals are found in both directions.
        starts = [(re.escape(first), "|".join(rest)) for first, rest in tails.items()]
        self._whole = re.compile("|".join(f"{first}(?={rest})" for first, rest in starts) or r"(?!)")
        self._broken = re.compile("|".join(f"{first} (?={rest})" for first, rest in starts) or r"(?!)")

    def broken_up(self, text: str) -> str:
        """`text` with a space after the first character of each literal."""
        return self._whole.sub(lambda found: f"{found[0]} ", text)

    def restored(self, text: str) -> str:
        """The text that `broken_up` was given."""
        return self._broken.sub(lambda found: found[0][0], text)


def markers(frame: str, tokens: Iterable[str]) -> set[str]:
    """Separators of messages in a template: ``[INST]``, ``### Assistant:``, ``<|im_start|>``.

    Args:
        frame: The template's text around messages.
        tokens: Literals of the tokenizer's added tokens. Those in the frame and the lines between them are separators,
            unless they are only words or only signs, which are frequent in commands.
    """
    found = {token for token in tokens if token in frame}
    between = re.split("|".join(map(re.escape, sorted(found, key=len, reverse=True))) or r"(?!)", frame)
    lines = {line.strip() for part in between for line in part.splitlines()}
    return {each for each in found | lines if _marks(each)}


def _marks(text: str) -> bool:
    return any(map(str.isalnum, text)) and any(not (each.isalnum() or each.isspace()) for each in text)
