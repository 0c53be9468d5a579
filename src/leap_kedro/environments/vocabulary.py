"""The closed vocabulary of an environment: what a small student's tokenizer is built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that an environment's texts, actions, reasons and questions are made of.

    Attributes:
        entities: Type of object or place -> highest number with a token of its own ("mug" -> 6: "mug 1" to "mug 6").
        phrases: Words and phrases that are one token each; the longest match wins, what matches nothing is dropped.
        rewrites: (regular expression, replacement) pairs applied to a text in this order before it is cut, so that
            wordings that mean the same become the same tokens.
        numbered: (regular expression with one group, type) pairs, for names that mean nothing and change from task to
            task (ids of products): what the group matches in an observation is read as "type 1", "type 2" in its order
            there, and so it is in a reply to that observation.
        rearranged: (regular expression, replacement with groups) pairs applied to an observation line by line of this
            list, after numbering and before all else: what belongs together is brought together.
        lowercase: Whether texts are put into lower case before all else.
        unspaced: Regular expression of the spaces between tokens that a text made of them does not have.
    """

    entities: Mapping[str, int]
    phrases: tuple[str, ...]
    rewrites: tuple[tuple[str, str], ...] = field(default=())
    numbered: tuple[tuple[str, str], ...] = field(default=())
    rearranged: tuple[tuple[str, str], ...] = field(default=())
    lowercase: bool = False
    unspaced: str = r"(?<=\[) | (?=[.?,\]])"


def phrases(table: str) -> tuple[str, ...]:
    """The phrases of a text in which they are separated by bars."""
    return tuple(phrase.strip() for phrase in table.split("|"))
