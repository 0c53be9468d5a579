"""Copy slots: the words of a task's text as tokens `<s0>`, `<s1>`, ... (see `vocabulary.CopySlots`).

Two words are equal if they have the same stem: lower case, without an English plural or possessive ending.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Protocol

UNKNOWN = "<w>"
"""Token of a run of words that are neither slots nor tokens, where the vocabulary has it."""

_WORD = re.compile(r"[a-z0-9][a-z0-9.'#/-]*")
_JOINED = re.compile(r"[-/.#']")
_SLOT = re.compile(r"<s(\d+)>")
_MARK = re.compile(r"<[a-z]+\d*>")
_LONG_ENOUGH = 4  # "gas" and "is" keep their ending


def slot(number: int) -> str:
    """The token of a slot."""
    return f"<s{number}>"


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word without surrounding marks and without an ending that does not change its meaning."""
    bare = word.lower().strip(".'/-#").removesuffix("'s")
    if len(bare) < _LONG_ENOUGH:
        return bare
    if bare.endswith("ies"):
        return f"{bare[:-3]}y"
    if bare.endswith("es") and bare[-3] in "sxh":
        return bare[:-2]
    return bare[:-1] if bare.endswith("s") and not bare.endswith("ss") else bare


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    return _WORD.findall(text.lower())


class Slots:
    """The slots of one task.

    Attributes:
        task: The task's text.
    """

    def __init__(self, task: str, count: int, ignored: Collection[str]) -> None:
        """Give each new word a number, up to `count` words; words whose stem is in `ignored` get none."""
        self.task = task
        self._words: dict[str, str] = {}
        for word in words_of(task):
            key = stem(word)
            if key and key not in ignored and key not in self._words and len(self._words) < count:
                self._words[key] = word.strip(".'/-#")
        self._tokens = {key: slot(number) for number, key in enumerate(self._words)}

    def __contains__(self, key: str) -> bool:
        """Whether a stem has a slot."""
        return key in self._tokens

    def token(self, key: str) -> str:
        """The token of a stem that has a slot."""
        return self._tokens[key]

    def stems_in(self, text: str) -> list[str]:
        """The stems in a text that have slots, in order and each once.

        Of a word with hyphens or other joints that has no slot, the parts count.
        """
        return list(dict.fromkeys(key for word in words_of(text) for key in self.parts(word) if key in self._tokens))

    def tokens_in(self, text: str) -> list[str]:
        """The slots of a text, in order and each once."""
        return [self._tokens[key] for key in self.stems_in(text)]

    def parts(self, word: str) -> list[str]:
        """The stem of a word, or those of its parts if the word has no slot and has joints."""
        key = stem(word)
        if key in self._tokens or not _JOINED.search(key):
            return [key]
        return [part for part in map(stem, _JOINED.split(key)) if part]

    def shown(self, text: str, kept: re.Pattern[str], unknown: str = "") -> str:
        """A text with slots instead of words.

        Args:
            text: The text, in which everything that looks like a token in angle brackets is removed first.
            kept: Pattern of the phrases that are kept, unless they have a slot.
            unknown: What a run of other words becomes.
        """
        plain = _MARK.sub(" ", text.lower())
        out: list[str] = []
        cursor = 0
        while cursor < len(plain):
            if (phrase := kept.match(plain, cursor)) and stem(phrase[0]) not in self._tokens:
                out.append(phrase[0])
                cursor = phrase.end()
            elif word := _WORD.match(plain, cursor):
                found = [self._tokens[key] for key in self.parts(word[0]) if key in self._tokens]
                if found or not unknown:
                    out += found
                elif not out or out[-1] != unknown:
                    out.append(unknown)
                cursor = word.end()
            else:
                cursor += 1
        return " ".join(out)

    def restored(self, text: str) -> str:
        """A text with the words of the task instead of slots; slots without a word are left out."""
        words = list(self._words.values())
        return _SLOT.sub(lambda found: words[int(found[1])] if int(found[1]) < len(words) else "", text)


class View(Protocol):
    """What a small student reads instead of an environment's texts: pure functions, so that prompts only grow.

    Texts of the environment are untrusted: only slots and tokens of the vocabulary may be taken over from them.
    """

    def opening(self, observation: str, slots: Slots) -> str:
        """The text shown instead of the first observation."""

    def turn(self, action: str, observation: str, before: str, slots: Slots) -> str:
        """The text shown instead of the observation after `action`, which answered the observation `before`."""

    def actions(self, observation: str, slots: Slots) -> Mapping[str, str]:
        """Actions that answer an observation -> their short forms, no two alike."""


def phrase_pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches one of the phrases, the longest first, and no part of a longer word."""
    longest = sorted(phrases, key=len, reverse=True)
    return re.compile("|".join(map(_bounded, longest)) or r"(?!)")


def _bounded(phrase: str) -> str:
    start = r"(?<!\w)" if phrase[0].isalnum() else ""
    end = r"(?!\w)" if phrase[-1].isalnum() else ""
    return f"{start}{re.escape(phrase)}{end}"
