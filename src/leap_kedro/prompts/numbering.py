"""Names that mean nothing, such as ids of products, read as a type and a number: "item 3".

A small model with a closed vocabulary cannot know such a name, and need not: what counts is which one of those in front
it is. The log of an episode keeps the names; only what the model reads and writes has the numbers.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache


class Numbering:
    """Numbers the names that an observation shows, for texts that answer it."""

    def __init__(self, patterns: Sequence[Sequence[str]]) -> None:
        """Find names by `patterns`, as `Vocabulary.numbered` describes them."""
        self._patterns = [(re.compile(pattern, re.MULTILINE), kind) for pattern, kind in patterns]
        self._names = lru_cache(maxsize=5_000)(self._find)

    def shortened(self, text: str, observation: str) -> str:
        """The text with the names that `observation` shows as numbers, in whatever case they are written."""
        if not self._patterns:
            return text
        names = self._names(observation)
        return _replaced(text, names) if names else text

    def restored(self, text: str, observation: str) -> str:
        """The text with the names in place of the numbers."""
        if not self._patterns:
            return text
        numbers = {number: name for name, number in self._names(observation).items()}
        return _replaced(text, numbers) if numbers else text

    def _find(self, observation: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for pattern, kind in self._patterns:
            names = dict.fromkeys(match[1] for match in pattern.finditer(observation))
            found |= {name: f"{kind} {number}" for number, name in enumerate(names, start=1)}
        return found


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    folded = {name.casefold(): new for name, new in replacements.items()}
    longest_first = sorted(map(re.escape, replacements), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda match: folded[match[0].casefold()], text)
