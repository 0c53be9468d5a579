"""The nouns of a title, by which the reward distinguishes kinds of products.

The original uses spaCy's `en_core_web_sm`. If it is not installed, all words except stop words count. Rewards then
differ for a few per cent of purchases (see docs/webshop.md), so every result states the method.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.webshop.engine.analysis import STOP_WORDS

Nouns = Callable[[str], tuple[str, ...]]
"""Title -> its nouns in lower case, with repetitions."""

MODEL = "en_core_web_sm"
_WORD = re.compile(r"[a-z]+")


class NounTagger(StrEnum):
    """Method of finding nouns."""

    SPACY = "spacy"
    """spaCy's `en_core_web_sm`, as in the original."""
    WORDS = "words"
    """All words except stop words."""
    AUTO = "auto"
    """spaCy if it is installed with its model, else words."""


def resolved(tagger: NounTagger) -> NounTagger:
    """`SPACY` or `WORDS`.

    Raises:
        TaskDataError: If spaCy is requested and it or its model is not installed.
    """
    installed = find_spec("spacy") is not None and find_spec(MODEL) is not None
    if tagger is NounTagger.AUTO:
        return NounTagger.SPACY if installed else NounTagger.WORDS
    if tagger is NounTagger.SPACY and not installed:
        raise TaskDataError(
            f"environments.webshop.nouns is 'spacy', and spaCy or its model {MODEL} is not installed. Install them: "
            f"pip install spacy && spacy download {MODEL}, or set nouns=words (docs/webshop.md)."
        )
    return tagger


def noun_finder(tagger: NounTagger) -> Nouns:
    """The function that finds nouns; `tagger` is `SPACY` or `WORDS`."""
    return lru_cache(maxsize=20_000)(_spacy_finder() if tagger is NounTagger.SPACY else words)


def words(title: str) -> tuple[str, ...]:
    """All alphabetic words except stop words."""
    return tuple(word for word in _WORD.findall(title.lower()) if word not in STOP_WORDS)


def _spacy_finder() -> Nouns:
    # The tagger needs the vectors and the attribute ruler, but neither parser, names nor lemmas.
    tag = import_module(MODEL).load(exclude=["parser", "senter", "ner", "lemmatizer"])

    def find(title: str) -> tuple[str, ...]:
        return tuple(token.text.lower() for token in tag(title) if token.pos_ in ("NOUN", "PROPN"))

    return find
