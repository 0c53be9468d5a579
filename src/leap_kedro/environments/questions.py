"""Questions about a transcript: what a reader is trained on before it ever acts."""

from dataclasses import dataclass

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
