"""Untrusted texts in a chat prompt: what could end a message in them is broken up by a space, and can be put together.

Spaces are ignored where a literal is looked for, so one that is broken up already gets another space, and `restored`
takes exactly one away: it gives back every text. Literals may overlap.
"""

import re
from collections import defaultdict
from collections.abc import Iterable


class Escaping:
    """Breaks literals up and puts them together again."""

    def __init__(self, literals: Iterable[str]) -> None:
        """Break up `literals`; those of fewer than two characters that are no space cannot be, and are left out."""
        tails: dict[str, list[str]] = defaultdict(list)
        for literal in sorted({literal.replace(" ", "") for literal in literals}, key=len, reverse=True):
            if len(literal) > 1:
                tails[literal[0]].append("".join(f" *{re.escape(character)}" for character in literal[1:]))
        # What follows the first character is only looked at: literals that overlap are all found, in both directions.
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
    """What a template writes between messages to part them: ``[INST]``, ``### Assistant:``, ``<|im_start|>``.

    Args:
        frame: What it writes.
        tokens: Literals of the tokenizer's added tokens; those in the frame count, and so do the lines between them.
            Words without a sign and signs without a word do not: commands are full of both.
    """
    found = {token for token in tokens if token in frame}
    between = re.split("|".join(map(re.escape, sorted(found, key=len, reverse=True))) or r"(?!)", frame)
    lines = {line.strip() for part in between for line in part.splitlines()}
    return {each for each in found | lines if _marks(each)}


def _marks(text: str) -> bool:
    return any(map(str.isalnum, text)) and any(not (each.isalnum() or each.isspace()) for each in text)
