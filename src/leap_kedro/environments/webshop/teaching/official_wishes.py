"""Parser of the instructions of official goals, whose words are not known in advance; without privileged information.

Synthetic goals have the form "Find me ATTRIBUTES NOUN with OPTION: VALUE, and OPTION: VALUE, and price lower than LIMIT
dollars". In human goals, every meaningful word is a wish, and no option has a name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from leap_kedro.environments.slots import Slots, stem, words_of
from leap_kedro.environments.webshop.teaching.wishes import LIMIT

MOST_WORDS = 48
"""Maximum number of words of an instruction that count."""
KEPT = ("color", "size", "style", "fit", "type", "with", "for", "and", "find")
"""Words of instructions with a meaning of their own, which products do not share."""
IGNORED = tuple(
    sorted(
        {
            *KEPT,
            *(stem(word) for word in KEPT),
            *"""
            a an are as at be but by if in into is it no not of on or such that the their then there these they this to
            was will i im am me my need want would like looking look buy get some one should have has can please which
            dollar price lower than les less under pair set s
            """.split(),
        }
    )
)
"""Stems without a meaning in the description of a product."""

_OPTION = r"(?=(?:(?! with )[^:,]){1,40}: )"
_FIRST_OPTION = re.compile(rf" with {_OPTION}")
_FURTHER_OPTION = re.compile(rf", and {_OPTION}")
_QUERY_WORD = re.compile(r"[a-z0-9][a-z0-9'.-]*")
_MORE_WORDS = 2  # of a value that has all requested words


@dataclass(frozen=True, slots=True)
class OfficialWish:
    """A parsed instruction.

    Attributes:
        text: The instruction without its price limit, in lower case.
        options: Requested (name, value) pairs.
        limit: Highest price in dollars; infinity if there is none.
        query: The words to search for: all but the names of options.
        slots: The meaningful words.
        wanted: Stems of the meaningful words outside the options.
    """

    text: str
    options: tuple[tuple[str, str], ...]
    limit: float
    query: str
    slots: Slots
    wanted: frozenset[str]

    def value_of(self, name: str, value: str, options: Mapping[str, Iterable[str]]) -> str | None:
        """The value of a product that meets a requested one; None if it has none.

        It is the value itself, first sought in the option of that name, or else one with all its words and few others.
        """
        own_first = sorted(options.items(), key=lambda option: option[0].lower() != name)
        for _, values in own_first:
            for each in values:
                if each.lower().strip() == value.strip():
                    return each
        asked = set(self.slots.stems_in(value))
        for values in options.values():
            for each in values:
                few = len(words_of(each)) <= len(words_of(value)) + _MORE_WORDS
                if asked and few and asked <= set(self.slots.stems_in(each)):
                    return each
        return None

    def says(self, value: str) -> bool:
        """Whether the instruction has the words of a value, one after the other."""
        found, own = [stem(word) for word in words_of(value)], [stem(word) for word in words_of(self.text)]
        return bool(found) and any(own[at : at + len(found)] == found for at in range(len(own) - len(found) + 1))


@lru_cache(maxsize=1_000)
def official_wish(instruction: str) -> OfficialWish:
    """Parse an instruction with its price limit."""
    limit = LIMIT.search(instruction)
    text = (instruction[: limit.start()] if limit else instruction).lower()
    first = _FIRST_OPTION.search(text)
    base = text[: first.start()] if first else text
    parts = _FURTHER_OPTION.split(text[first.end() :]) if first else []
    options = tuple((name, value) for name, _, value in (part.partition(": ") for part in parts))
    slots = Slots(text, MOST_WORDS, frozenset(IGNORED))
    sought = " ".join((base.replace("find me", ""), *(value for _, value in options)))
    return OfficialWish(
        text=text,
        options=options,
        limit=float(limit["limit"]) if limit else float("inf"),
        query=" ".join(_QUERY_WORD.findall(sought)) or "-",
        slots=slots,
        wanted=frozenset(slots.stems_in(base)),
    )
