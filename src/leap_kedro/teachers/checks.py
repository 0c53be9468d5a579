"""The checks of a correction: is the action executable, and could the student have known the reason?

They are pure functions of text. Entities are recognized in different spellings: case, dashes, signs, line breaks,
invisible characters, digits of other scripts, "coffee table 1" for "coffeetable 1". NOT covered: numbers in words or
before the noun ("mug two", "2nd mug"), plurals with numbers ("drawers 2 and 3"), similar letters of other scripts,
paraphrases that do not name an entity ("the leftmost drawer"), and environments whose entities are sentences.
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
_LEFT_OUT = ("Mn", "Cf")  # accents and invisible characters


@lru_cache(maxsize=8_192)
def normalised(text: str) -> str:
    """Lower-case words and numbers, separated by one space: "Mug-2", "mug #2" and "MUG no. 2" become "mug 2"."""
    plain = text if text.isascii() else _plain(text)
    spaced = _NO_WORD.sub(" ", _GLUED_NUMBER.sub(" ", plain.casefold()))
    return " ".join(_LEADING_ZEROS.sub("", _NUMBER_SIGN.sub(" ", spaced)).split())


def _plain(text: str) -> str:
    """The text in NFKD with digits of all scripts as ASCII and without characters in `_LEFT_OUT`."""
    decomposed = unicodedata.normalize("NFKD", text.replace("\N{NUMERO SIGN}", "#"))
    return "".join(
        str(unicodedata.decimal(character, character))
        for character in decomposed
        if unicodedata.category(character) not in _LEFT_OUT
    )


@lru_cache(maxsize=8_192)
def _pattern(entity: str) -> re.Pattern[str]:
    """A pattern for the entity in normalised text, which allows a space between any two letters."""
    spaced = _BETWEEN_LETTERS.sub(" ?", normalised(entity))
    return re.compile(rf"(?<!\S){spaced}(?!\S)" if spaced else _NEVER)


def names(text: str, entity: str) -> bool:
    """Whether the text names the entity in any spelling."""
    return _pattern(entity).search(normalised(text)) is not None


def leaked_entities(reason: str, secrets: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Secrets that the reason names although they are not in the student's history.

    Args:
        reason: The teacher's reason.
        secrets: Names in the privileged state at that step, see `Oracle.secrets`.
        known: The student's observations up to the current one, and its actions.
    """
    suspects = [entity for entity in secrets if names(reason, entity)]
    history = list(known) if suspects else []
    return tuple(entity for entity in suspects if not any(names(text, entity) for text in history))


def is_executable(action: str, admissible: Sequence[str] | None) -> bool:
    """Whether the environment lists the action; if it lists none, whether the action has only one line."""
    return "\n" not in action if admissible is None else is_listed(action, admissible)


def verdict_on(students: str, teachers: str) -> Verdict:
    """Keep if student and teacher take the same action, otherwise correct."""
    return Verdict.KEEP if " ".join(students.split()) == " ".join(teachers.split()) else Verdict.CORRECT
