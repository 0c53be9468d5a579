"""Parser of instructions, without privileged information.

The words of generated shops are known (`words.py`): kinds, looks, features, and other words for option values. In any
other instruction, each meaningful word is a wish.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leap_kedro.environments.webshop.engine.analysis import STOP_WORDS
from leap_kedro.environments.webshop.tasks.words import KINDS, SPOKEN, VALUES

LIMIT = re.compile(r",? and price lower than (?P<limit>[\d.]+) dollars\s*$")
"""The price limit at the end of an instruction."""

_FILLERS = frozenset(
    """
    i im am me my need needs want wants would like looking look find buy get some one should have has can please
    with which color size style dollars price lower than under less pair set
    """.split()
)
_KNOWN = tuple(dict.fromkeys(each for kind in KINDS for each in (kind.noun, *kind.looks, *kind.features)))
_VALUE_OF: Mapping[str, str] = {
    said: value for values in VALUES.values() for value in values for said in (value, *SPOKEN.get(value, ()))
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A parsed instruction.

    Attributes:
        text: The instruction without its price limit.
        phrases: Required attributes in the order of the text.
        values: Requested option values in the shop's words.
        limit: Highest price in dollars; infinity if there is none.
    """

    text: str
    phrases: tuple[str, ...]
    values: tuple[str, ...]
    limit: float

    def wanted(self, options: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """The requested value of each option of a product, if any: one of `values`, or a value in the instruction."""
        found = {}
        for name, values in options.items():
            asked = [value for value in values if value in self.values or (not self.values and says(self.text, value))]
            if asked:
                found[name] = max(asked, key=len)
        return found


def wish_of(instruction: str, known_words: bool) -> Wish:
    """Parse an instruction with its price limit; `known_words` tells whether it is one of a generated shop."""
    limit = LIMIT.search(instruction)
    text = instruction[: limit.start()] if limit else instruction
    lowered = text.lower()
    if known_words:
        values = _in_order(lowered, _VALUE_OF)
        phrases = _in_order(_without(lowered, values), _KNOWN)
    else:
        values = []
        words = (word for word in re.findall(r"[a-z][a-z'-]+", lowered) if word not in STOP_WORDS | _FILLERS)
        phrases = list(dict.fromkeys(words))
    return Wish(
        text=text,
        phrases=tuple(phrases),
        values=tuple(dict.fromkeys(_VALUE_OF[said] for said in values)),
        limit=float(limit["limit"]) if limit else float("inf"),
    )


def says(text: str, phrase: str) -> bool:
    """Whether a text contains a phrase as whole words."""
    return re.search(rf"(?<!\w){re.escape(phrase.lower())}(?!\w)", text.lower()) is not None


def _in_order(text: str, known: Iterable[str]) -> list[str]:
    """The known phrases in a text, in its order; the longer of two that overlap."""
    longest = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    return list(dict.fromkeys(pattern.findall(text)))


def _without(text: str, phrases: Iterable[str]) -> str:
    for phrase in phrases:
        text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " ", text)
    return text
