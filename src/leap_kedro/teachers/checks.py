"""The checks that a correction must pass: can the action be done, and could the student have known the reason?

Pure functions of text. What they do NOT cover: a secret that is paraphrased without naming an entity ("the second
drawer from the left"), and secrets of environments whose entities are sentences.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from leap_kedro.records import PrivilegedState, Verdict

_ENTITY = re.compile(r"\b[a-z]+ \d+\b")
_GLUED_NUMBER = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_NUMBER_SIGN = re.compile(r"\b(?:no|nr|number)(?= \d)")


@lru_cache(maxsize=65_536)
def normalised(text: str) -> str:
    """Lower case, words and numbers parted by one space: "Mug-2", "mug #2" and "MUG no. 2" become "mug 2"."""
    spaced = _NO_WORD.sub(" ", _GLUED_NUMBER.sub(" ", text.lower()))
    return " ".join(_NUMBER_SIGN.sub(" ", spaced).split())


def privileged_entities(state: PrivilegedState) -> tuple[str, ...]:
    """Names that the privileged state mentions: its essentials, and whatever has a number in its facts and plan."""
    found = [*state.essentials]
    for sentence in (*state.facts, *state.plan):
        found += _ENTITY.findall(sentence)
    return tuple(dict.fromkeys(found))


def leaked_entities(reason: str, state: PrivilegedState, shown: Iterable[str]) -> tuple[str, ...]:
    """Entities of the privileged state that the reason names although nothing that was shown names them.

    Args:
        reason: The teacher's reason.
        state: The privileged state at that step.
        shown: Every observation that the student had by then, the first and the present one included.
    """
    named = f" {normalised(reason)} "
    suspects = [entity for entity in privileged_entities(state) if f" {normalised(entity)} " in named]
    if not suspects:
        return ()
    history = f" {' . '.join(normalised(text) for text in shown)} "
    return tuple(entity for entity in suspects if f" {normalised(entity)} " not in history)


def is_executable(action: str, admissible: Sequence[str] | None) -> bool:
    """Whether the environment lists the action; True where it lists none (then only trying tells)."""
    return admissible is None or action in admissible


def verdict_on(students: str, teachers: str) -> Verdict:
    """Keep if the teacher would have done what the student did, correct if not."""
    return Verdict.KEEP if " ".join(students.split()) == " ".join(teachers.split()) else Verdict.CORRECT
