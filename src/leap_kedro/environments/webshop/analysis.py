"""How Lucene's English analyzer cuts a text into terms, as Anserini (pyserini) uses it.

Standard tokenizer (Unicode word breaks, UAX 29, each emoji a word), English possessive, lower case, Lucene's stop
words, Porter's stemmer. Not reproduced: words of scripts that need a dictionary (Thai, Lao), Hebrew's double quotes.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from nltk.stem.porter import PorterStemmer

_STOP_WORDS = """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to
    was will with
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_LONGEST = 255
_PICTOGRAPHS = (  # Extended_Pictographic of Unicode 12, which Lucene 8 follows; later versions have fewer
    r"\u203C\u2049\u2139\u2194-\u2199\u21A9-\u21AA\u231A-\u231B\u2328\u2388\u23CF\u23E9-\u23F3\u23F8-\u23FA\u24C2"
    r"\u25AA-\u25AB\u25B6\u25C0\u25FB-\u25FE\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714"
    r"\u2716\u271D\u2721\u2728\u2733-\u2734\u2744\u2747\u274C\u274E\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27A1"
    r"\u27B0\u27BF\u2934-\u2935\u2B05-\u2B07\u2B1B-\u2B1C\u2B50\u2B55\u3297\u3299\U0001F000-\U0001F0FF"
    r"\U0001F10D-\U0001F10F\U0001F12F\U0001F16C-\U0001F171\U0001F17E-\U0001F17F\U0001F18E\U0001F191-\U0001F19A"
    r"\U0001F1AD-\U0001F1E5\U0001F201-\U0001F20F\U0001F21A\U0001F22F\U0001F232-\U0001F23A\U0001F23C-\U0001F23F"
    r"\U0001F249-\U0001F3FA\U0001F400-\U0001F53D\U0001F546-\U0001F64F\U0001F680-\U0001F6FF\U0001F774-\U0001F77F"
    r"\U0001F7D5-\U0001F7FF\U0001F80C-\U0001F80F\U0001F848-\U0001F84F\U0001F85A-\U0001F85F\U0001F888-\U0001F88F"
    r"\U0001F8AE-\U0001F8FF\U0001F90C-\U0001F93A\U0001F93C-\U0001F945\U0001F947-\U0001FFFD"
)
_AFTER = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*"  # belongs to the character before it
_LETTER = rf"(?:[\p{{WB=ALetter}}\p{{WB=Hebrew_Letter}}]{_AFTER})"
_DIGIT = rf"(?:\p{{WB=Numeric}}{_AFTER})"
_JOINT = rf"(?:\p{{WB=ExtendNumLet}}{_AFTER})"
_IN_WORDS = rf"(?:[.:'\u00B7\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A]{_AFTER})"
_IN_NUMBERS = rf"(?:[.,;'\u2018\u2019\u2024\u2044\uFE10\uFE14\uFE50\uFE52\uFE54\uFF07\uFF0C\uFF0E\uFF1B]{_AFTER})"
_LETTERS = rf"{_LETTER}(?:(?:{_JOINT}+|{_IN_WORDS})?{_LETTER})*"
_DIGITS = rf"{_DIGIT}(?:(?:{_JOINT}+|{_IN_NUMBERS})?{_DIGIT})*"
_KATAKANA = rf"\p{{WB=Katakana}}{_AFTER}(?:{_JOINT}*\p{{WB=Katakana}}{_AFTER})*"
_PIECE = rf"(?:{_KATAKANA}|(?:{_LETTERS}|{_DIGITS})+)"
_PICTOGRAPH = rf"(?:[{_PICTOGRAPHS}]{_AFTER})"
_WORD = regex.compile(
    rf"{_JOINT}*{_PIECE}(?:{_JOINT}+{_PIECE})*{_JOINT}*"
    rf"|[\p{{Script=Han}}\p{{Script=Hiragana}}]{_AFTER}"
    rf"|{_PICTOGRAPH}(?:(?<=\u200D){_PICTOGRAPH})*|[\U0001F1E6-\U0001F1FF]{{2}}"
    # Signs that are emoji only where a selector says so.
    rf"|[0-9#*\u00A9\u00AE\u2122\u3030\u303D]\uFE0F{_AFTER}"
)
_POSSESSIVES = ("'s", "\N{RIGHT SINGLE QUOTATION MARK}s", "\N{FULLWIDTH APOSTROPHE}s")


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repeated ones included."""
    found = (_without_possessive(word.lower()) for word in _WORD.findall(text))
    return [stem(word) for word in found if word not in STOP_WORDS and len(word) <= _LONGEST]


def _without_possessive(word: str) -> str:
    return word[:-2] if word.endswith(_POSSESSIVES) else word


@lru_cache(maxsize=500_000)
def stem(word: str) -> str:
    """The stem of a word in lower case, by the revised algorithm of Porter."""
    return str(_stemmer().stem(word, to_lowercase=False))


@lru_cache(maxsize=1)
def _stemmer() -> "PorterStemmer":
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer(PorterStemmer.MARTIN_EXTENSIONS)
