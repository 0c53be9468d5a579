"""The reasons that experts give, in clauses that a small model can compute."""

from collections.abc import Mapping
from enum import StrEnum

from leap_kedro.environments.clauses import all_wordings


class Clause(StrEnum):
    """A clause of a reason."""

    WHERE = "I do not know yet where {file} is."
    """A file that the query names without its place."""
    THERE = "{file} is in {folder}."
    """Where it was found."""
    DO = "I {does}."
    """What the next command does."""
    DONE = "That is what was asked for."
    """The answer was given, or the change made."""
    LOOK = "I look at what is there."
    """A query that is not understood."""


class Fact(StrEnum):
    """Sentences of the privileged state."""

    GOLD = "What does it is {gold}"
    OUTPUT = "It shows {output}"
    CHANGE = "It leaves {path} {change}."


class Hint(StrEnum):
    """Clauses of a teacher that knows more than it may say."""

    PRINCIPLE = "What is asked for can be said in several ways."
    """A general principle."""
    PERHAPS = "Perhaps that is what is meant."
    """A guess that is none."""


VARIANTS: Mapping[Clause, tuple[str, ...]] = {
    Clause.WHERE: ("{file} has to be found first.",),
    Clause.DONE: ("So the task is done.",),
}
"""Other wordings of a clause."""

CLAUSES = all_wordings((*Clause, *Fact, *Hint), VARIANTS)
"""Every clause in all its wordings."""
