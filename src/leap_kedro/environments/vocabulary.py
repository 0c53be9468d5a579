"""The closed vocabulary of an environment, from which the tokenizer of a small student is built."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words of an environment's texts, actions, reasons and questions.

    Attributes:
        entities: Type of object or place -> highest number with a token of its own ("mug" -> 6: "mug 1" to "mug 6").
        phrases: Words and phrases that are one token each. The longest match wins; unmatched text is dropped.
        rewrites: (regular expression, replacement) pairs, applied in this order before a text is split into tokens, so
            that wordings with the same meaning become the same tokens.
        numbered: (regular expression with one group, type) pairs for arbitrary names that change from task to task,
            such as product ids. The matches of the group in an observation become "type 1", "type 2" in their order,
            also in a reply to that observation.
        rearranged: (regular expression, replacement with groups) pairs that reorder an observation, applied in this
            order after numbering and before everything else.
        lowercase: Whether texts are converted to lower case first.
        unspaced: Regular expression of the spaces between tokens that are omitted when tokens are decoded.
    """

    entities: Mapping[str, int]
    phrases: tuple[str, ...]
    rewrites: tuple[tuple[str, str], ...] = field(default=())
    numbered: tuple[tuple[str, str], ...] = field(default=())
    rearranged: tuple[tuple[str, str], ...] = field(default=())
    lowercase: bool = False
    unspaced: str = r"(?<=\[) | (?=[.?,\]])"


def phrases(table: str) -> tuple[str, ...]:
    """The phrases of a text that are separated by bars."""
    return tuple(phrase.strip() for phrase in table.split("|"))
