"""The clauses of experts' reasons, which a small model can compute."""

from collections.abc import Mapping
from enum import StrEnum

from leap_kedro.environments.clauses import all_wordings


class Clause(StrEnum):
    """A clause of a reason."""

    WHERE = "I do not know yet where {file} is."
    """The query names a file without its path."""
    THERE = "{file} is in {folder}."
    """The place where the file was found."""
    DO = "I {does}."
    """The effect of the next command."""
    DONE = "That is what was asked for."
    """The answer was given, or the change was made."""
    LOOK = "I look at what is there."
    """The query is not understood."""


class Fact(StrEnum):
    """Sentences of the privileged state."""

    GOLD = "What does it is {gold}"
    OUTPUT = "It shows {output}"
    CHANGE = "It leaves {path} {change}."


class Hint(StrEnum):
    """Hints of a teacher that must not reveal what it knows."""

    PRINCIPLE = "What is asked for can be said in several ways."
    """A general principle."""
    PERHAPS = "Perhaps that is what is meant."
    """A known fact, worded as a guess."""


VARIANTS: Mapping[Clause, tuple[str, ...]] = {
    Clause.WHERE: ("{file} has to be found first.",),
    Clause.DONE: ("So the task is done.",),
}
"""Alternative wordings of a clause."""

CLAUSES = all_wordings((*Clause, *Fact, *Hint), VARIANTS)
"""All clauses in all wordings."""
