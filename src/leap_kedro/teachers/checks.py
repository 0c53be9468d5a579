"""The checks that a correction must pass: can the action be done, and could the student have known the reason?

Pure functions of text. An entity is found however it is spelt: case, dashes, signs, line breaks, invisible characters,
digits of other scripts, "coffee table 1" for "coffeetable 1". What they do NOT cover: a number in words or
before its noun ("mug two", "2nd mug"), a noun in the plural with its numbers ("drawers 2 and 3"), letters of another
script that look alike, a secret that is paraphrased without naming an entity ("the leftmost drawer"), and secrets of
environments whose entities are sentences.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from leap_kedro.environments.actions import is_listed
from leap_kedro.records import Verdict

_GLUED_NUMBER = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
_NO_WORD = re.compile(r"[\W_]+")
_NUMBER_SIGN = re.compile(r"\b(?:no|nr|num|number)(?= \d)")
_LEADING_ZEROS = re.compile(r"\b0+(?=\d)")
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d]) ?(?=[^\W\d])")
_NEVER = r"(?!)"
_LEFT_OUT = ("Mn", "Cf")  # accents, and characters that are not seen


@lru_cache(maxsize=8_192)
def normalised(text: str) -> str:
    """Words in lower case and numbers, parted by one space: "Mug-2", "mug #2" and "MUG no. 2" become "mug 2"."""
    plain = text if text.isascii() else _plain(text)
    spaced = _NO_WORD.sub(" ", _GLUED_NUMBER.sub(" ", plain.casefold()))
    return " ".join(_LEADING_ZEROS.sub("", _NUMBER_SIGN.sub(" ", spaced)).split())


def _plain(text: str) -> str:
    """Compatible characters made one (NFKD), digits of any script made ASCII, `_LEFT_OUT` left out."""
    decomposed = unicodedata.normalize("NFKD", text.replace("\N{NUMERO SIGN}", "#"))
    return "".join(
        str(unicodedata.decimal(character, character))
        for character in decomposed
        if unicodedata.category(character) not in _LEFT_OUT
    )


@lru_cache(maxsize=8_192)
def _pattern(entity: str) -> re.Pattern[str]:
    """What finds the entity in normalised text, a space allowed between any two letters."""
    spaced = _BETWEEN_LETTERS.sub(" ?", normalised(entity))
    return re.compile(rf"(?<!\S){spaced}(?!\S)" if spaced else _NEVER)


def names(text: str, entity: str) -> bool:
    """Whether the text names the entity, however it is spelt."""
    return _pattern(entity).search(normalised(text)) is not None


def leaked_entities(reason: str, secrets: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Secrets that the reason names although nothing that the student knew names them.

    Args:
        reason: The teacher's reason.
        secrets: Names in the privileged state at that step, see `Oracle.secrets`.
        known: Every observation that the student had by then, the first and the present one included, and its own
            actions.
    """
    suspects = [entity for entity in secrets if names(reason, entity)]
    if not suspects:
        return ()
    history = list(known)
    return tuple(entity for entity in suspects if not any(names(text, entity) for text in history))


def is_executable(action: str, admissible: Sequence[str] | None) -> bool:
    """Whether the environment lists the action; where it lists none, whether a reply can state it: in one line."""
    return "\n" not in action if admissible is None else is_listed(action, admissible)


def verdict_on(students: str, teachers: str) -> Verdict:
    """Keep if the teacher would have done what the student did, correct if not."""
    return Verdict.KEEP if " ".join(students.split()) == " ".join(teachers.split()) else Verdict.CORRECT
