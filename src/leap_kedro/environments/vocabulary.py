"""The closed vocabulary of an environment, from which the tokenizer of a small student is built."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CopySlots:
    """How words of a task's text become tokens, so that a small student can compare words that it does not know.

    The first new word of the text is shown as ``<s0>``, the next one as ``<s1>``, and so on, here and wherever an equal
    word comes later. A training permutes the numbers, so that they have no meaning of their own.

    Attributes:
        task: Regular expression with one group, which finds the task's text in the first observation.
        count: Maximum number of words; further ones are treated like words that are not in the task's text.
        ignored: Words (as `environments.slots.stem` shortens them) that are never shown as slots. Words that are tokens
            of the vocabulary stay tokens, too.
        varying: Words that are tokens of the vocabulary, but are shown as slots where they are in the task's text.
        view: Name of the registered environment whose module ``student.slots`` shortens texts; "" for none.
    """

    task: str
    count: int = 48
    ignored: tuple[str, ...] = ()
    view: str = ""
    varying: tuple[str, ...] = ()


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
        slots: How words of the task's text are shown; None: words without a token are left out.
        unspaced: Regular expression of the spaces between tokens that are omitted when tokens are decoded.
    """

    entities: Mapping[str, int]
    phrases: tuple[str, ...]
    rewrites: tuple[tuple[str, str], ...] = field(default=())
    numbered: tuple[tuple[str, str], ...] = field(default=())
    rearranged: tuple[tuple[str, str], ...] = field(default=())
    lowercase: bool = False
    slots: CopySlots | None = None
    unspaced: str = r"(?<=\[) | (?=[.?,\]])"


def phrases(table: str) -> tuple[str, ...]:
    """The phrases of a text that are separated by bars."""
    return tuple(phrase.strip() for phrase in table.split("|"))
