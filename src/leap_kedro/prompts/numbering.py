"""Replaces meaningless names, such as product ids, by a type and a number: "item 3".

A small model with a closed vocabulary cannot know such names and only needs to tell the current ones apart. Only the
model's input and output contain the numbers; the log of an episode keeps the names.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache


class Numbering:
    """Numbers the names in an observation that match `patterns` (see `Vocabulary.numbered`)."""

    def __init__(self, patterns: Sequence[Sequence[str]]) -> None:
        self._patterns = [(re.compile(pattern, re.MULTILINE), kind) for pattern, kind in patterns]
        self._names = lru_cache(maxsize=5_000)(self._find)

    def shortened(self, text: str, observation: str) -> str:
        """The text with numbers instead of the names in `observation`, regardless of case."""
        return _replaced(text, self._names(observation)) if self._patterns else text

    def restored(self, text: str, observation: str) -> str:
        """The text with names instead of numbers."""
        if not self._patterns:
            return text
        return _replaced(text, {number: name for name, number in self._names(observation).items()})

    def _find(self, observation: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for pattern, kind in self._patterns:
            names = dict.fromkeys(match[1] for match in pattern.finditer(observation))
            found |= {name: f"{kind} {number}" for number, name in enumerate(names, start=1)}
        return found


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    if not replacements:
        return text
    folded = {name.casefold(): new for name, new in replacements.items()}
    longest_first = sorted(map(re.escape, replacements), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda match: folded[match[0].casefold()], text)
