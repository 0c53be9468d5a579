"""Splits a text into terms like Lucene's English analyzer in Anserini (pyserini 0.17, Lucene 8.11).

Standard tokenizer (word breaks of Unicode 9, UAX 29, each emoji a word), English possessive, lower case, Lucene's stop
words, Porter's stemmer; compared with Lucene for every character in many contexts. Not reproduced: Lucene ignores
letters that Unicode added after version 9, and rare sequences (emoji joined to U+2139 or U+24C2, quotes in Hebrew).
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
_PICTOGRAPHS = (  # Extended_Pictographic as Lucene 8 has it; later versions of Unicode have fewer
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
_SIGNS = r"\u00A9\u00AE\u2122\u3030\u303D"  # also pictographs, alone or before a selector
_FORMER_FORMAT = r"\u0600-\u0605\u06DD\u070F\u08E2\U000110BD"
_LATER_LETTERS = (  # signs that became letters in Unicode 11
    r"\u00B8\u02C2-\u02C5\u02D2-\u02D7\u02DE\u02DF\u02E5-\u02EB\u02ED\u02EF-\u02FF\u055A-\u055C\u055E\u058A"
    r"\uA708-\uA716\uA720\uA721\uA789\uA78A\uAB5B"
)
_SKIN = r"\U0001F3FB-\U0001F3FF"
_EXTENSIONS = rf"\p{{WB=Extend}}\p{{WB=Format}}\p{{WB=ZWJ}}{_FORMER_FORMAT}"
_AFTER = rf"[[{_EXTENSIONS}]--[{_SKIN}]]*"  # belongs to the character before it
_AFTER_PICTOGRAPH = rf"[[{_EXTENSIONS}]--[{_SKIN}\uFE0E\uFE0F]]*"
_RUNNING = rf"(?:\p{{LB=SA}}{_AFTER})"  # scripts without spaces between words (Thai, Lao): a run is one word
_LETTER = rf"(?:[[\p{{WB=ALetter}}\p{{WB=Hebrew_Letter}}]--[{_LATER_LETTERS}{_FORMER_FORMAT}\p{{LB=SA}}]]{_AFTER})"
_HEBREW = rf"(?:\p{{WB=Hebrew_Letter}}{_AFTER})"
_DIGIT = rf"(?:[\p{{WB=Numeric}}--[{_FORMER_FORMAT}]]{_AFTER})"
_JOINT = rf"(?:\p{{WB=ExtendNumLet}}{_AFTER})"
_IN_BOTH = r".'\u2018\u2019\u2024\uFE52\uFF07\uFF0E"
_IN_WORDS = rf"(?:[{_IN_BOTH}:\u00B7\u02D7\u0387\u05F4\u2027\uFE13\uFE55\uFF1A]{_AFTER})"
_IN_NUMBERS = (
    rf"(?:[{_IN_BOTH},;\u037E\u0589\u060C\u060D\u066C\u07F8\u2044\uFE10\uFE14\uFE50\uFE54\uFF0C\uFF1B]{_AFTER})"
)
_LETTERS = (  # in Hebrew a single quote may end a word, and a double quote be within one
    rf"{_LETTER}(?:(?:{_JOINT}+|{_IN_WORDS}|(?<={_HEBREW})\"{_AFTER}(?={_HEBREW}))?{_LETTER})*"
    rf"(?:(?<={_HEBREW})'{_AFTER})?"
)
_DIGITS = rf"{_DIGIT}(?:(?:{_JOINT}+|{_IN_NUMBERS})?{_DIGIT})*"
_KATAKANA = rf"\p{{WB=Katakana}}{_AFTER}(?:{_JOINT}*\p{{WB=Katakana}}{_AFTER})*"
_PIECE = rf"(?:{_KATAKANA}|(?:{_LETTERS}|{_DIGITS})+)"
_LATER_BASES = (  # pictographs that took a skin colour only after Unicode 11
    r"\U0001F46A-\U0001F46D\U0001F46F\U0001F48F\U0001F491\U0001F90C\U0001F90F\U0001F91D\U0001F93C\U0001F977"
    r"\U0001F9BB\U0001F9CD-\U0001F9CF\U0001FAC3-\U0001FAC5\U0001FAF0-\U0001FAFA"
)
_PICTOGRAPH = (
    rf"(?:(?:\u200D*[\p{{Emoji_Modifier_Base}}--[{_LATER_BASES}]]{_AFTER_PICTOGRAPH})?[{_SKIN}]{_AFTER_PICTOGRAPH}"
    rf"|\u200D*[{_PICTOGRAPHS}{_SIGNS}]{_AFTER_PICTOGRAPH}\uFE0F?)"
)
_WORD = regex.compile(
    rf"{_JOINT}*{_PIECE}(?:{_JOINT}+{_PIECE})*{_JOINT}*"
    rf"|{_RUNNING}+"
    rf"|[\p{{Script=Han}}\p{{Script=Hiragana}}]{_AFTER}"
    rf"|{_PICTOGRAPH}(?:(?:\u200D|(?<=\u200D)){_PICTOGRAPH})*"
    rf"|(?:[\U0001F1E6-\U0001F1FF]{_AFTER}){{2}}"
    rf"|[0-9#*]{_AFTER_PICTOGRAPH}\uFE0F?\u20E3{_AFTER_PICTOGRAPH}",
    regex.V1,
)
_POSSESSIVES = ("'s", "\N{RIGHT SINGLE QUOTATION MARK}s", "\N{FULLWIDTH APOSTROPHE}s")


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repeated ones included."""
    found = (_without_possessive(word.lower()) for word in _words(text))
    return [stem(word) for word in found if word not in STOP_WORDS]


def _words(text: str) -> list[str]:
    """The words of a text. Lucene splits words after 255 UTF-16 units."""
    words: list[str] = _WORD.findall(text)
    if all(len(word) <= _LONGEST // 2 for word in words):
        return words
    words, place = [], 0
    while found := _WORD.search(text, place):
        start = found.start()
        window = text[start : start + _LONGEST].encode("utf-16-le", "surrogatepass")[: 2 * _LONGEST]
        found = _WORD.match(text, start, start + len(window.decode("utf-16-le", "ignore"))) or found
        words.append(found[0])
        place = found.end()
    return words


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
