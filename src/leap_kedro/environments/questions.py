"""Questions about transcripts, on which a base model is trained before it acts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from leap_kedro.records import Turn


@dataclass(frozen=True, slots=True)
class Question:
    """A question that the transcript so far answers.

    Attributes:
        step: Number of turns before it; 0 right after the opening.
        kind: Kind of question; accuracies are reported by kind.
        text: The question.
        answer: The answer.
    """

    step: int
    kind: str
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A walk through a task with questions about it. Its actions are random and not to be imitated.

    Attributes:
        opening: First observation.
        turns: The actions and observations that followed.
        questions: Questions in order of their steps.
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
"""Makes a question about what was seen; None if there is nothing to ask."""


def drawn_questions(
    askers: Mapping[str, tuple[float, Asker[MemoryT]]], memory: MemoryT, number: int, step: int, rng: Random
) -> Iterator[Question]:
    """Up to `number` questions of various kinds, no two alike.

    Args:
        askers: Kind of question -> its weight in the draw, and the function that makes the question.
        memory: What was seen.
        number: Maximum number of questions.
        step: Number of actions so far.
        rng: Source of randomness.
    """
    asked: set[str] = set()
    for _ in range(number):
        (kind,) = rng.choices(list(askers), [weight for weight, _ in askers.values()])
        made = askers[kind][1](memory, rng)
        if made and made[0] not in asked:
            asked.add(made[0])
            yield Question(step, kind, *made)
