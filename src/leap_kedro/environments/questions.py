"""Questions about a transcript: what a reader is trained on before it ever acts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from leap_kedro.records import Turn


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer stands in the transcript so far.

    Attributes:
        step: Number of turns that precede it (0: right after the opening).
        kind: Kind of question, for accuracy by kind.
        text: The question.
        answer: Its answer.
    """

    step: int
    kind: str
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A walk through a task with questions about it; the walk's actions are nobody's advice.

    Attributes:
        opening: First observation.
        turns: Actions and observations since.
        questions: Questions by rising step.
        privileged: Privileged block shown before the opening, or "".
    """

    opening: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]
    privileged: str = ""


Asked = tuple[str, str]
"""A question and its answer."""

MemoryT = TypeVar("MemoryT")
Asker = Callable[[MemoryT, Random], Asked | None]
"""Makes a question of what was seen; None where there is nothing to ask."""


def drawn_questions(
    askers: Mapping[str, tuple[float, Asker[MemoryT]]], memory: MemoryT, number: int, step: int, dice: Random
) -> Iterator[Question]:
    """Up to `number` questions of various kinds, no two alike.

    Args:
        askers: Kind of question -> how often it is drawn beside the others, and what makes it.
        memory: What was seen.
        number: Most questions.
        step: Actions so far.
        dice: What draws them.
    """
    asked: set[str] = set()
    for _ in range(number):
        (kind,) = dice.choices(list(askers), [weight for weight, _ in askers.values()])
        made = askers[kind][1](memory, dice)
        if made and made[0] not in asked:
            asked.add(made[0])
            yield Question(step, kind, *made)
