"""How Lucene's English analyzer cuts a text into terms, as Anserini (pyserini) uses it.

Standard tokenizer (Unicode word breaks), English possessive, lower case, Lucene's stop words, Porter's stemmer. What the
tokenizer does with scripts other than Latin is not reproduced.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.stem.porter import PorterStemmer

STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "will",
        "with",
    ]
)

_LONGEST = 255
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}\N{FULLWIDTH APOSTROPHE}"
_LETTER, _DIGIT = r"[^\W\d_]", r"\d"
_WORD = re.compile(
    rf"(?:{_LETTER}|{_DIGIT}|_)"
    rf"(?:(?:{_LETTER}|{_DIGIT}|_)"
    rf"|(?<={_LETTER})[.:·{_APOSTROPHES}](?={_LETTER})"
    rf"|(?<={_DIGIT})[.,;{_APOSTROPHES}](?={_DIGIT}))*"
)


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repeated ones included."""
    found = (_without_possessive(word).lower() for word in _WORD.findall(text) if word.strip("_"))
    return [stem(word) for word in found if word not in STOP_WORDS and len(word) <= _LONGEST]


def _without_possessive(word: str) -> str:
    return word[:-2] if len(word) >= 2 and word[-2] in _APOSTROPHES and word[-1] in "sS" else word


@lru_cache(maxsize=500_000)
def stem(word: str) -> str:
    """The stem of a word in lower case, by the revised algorithm of Porter."""
    return str(_stemmer().stem(word, to_lowercase=False))


@lru_cache(maxsize=1)
def _stemmer() -> "PorterStemmer":
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer(PorterStemmer.MARTIN_EXTENSIONS)
