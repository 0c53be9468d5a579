"""The clauses of experts' reasons: the first names the need, the second what decides the action.

"I need a mug. drawer 4 is closed." The clauses are few and regular, so that a small model can compute them from its
history. Entities are written as in the game ("drawer 4").
"""

from collections.abc import Mapping
from enum import StrEnum

from leap_kedro.environments.clauses import all_wordings


class Need(StrEnum):
    """The first clause: the current need."""

    FIND = "I need a {kind}."
    """An object or a lamp must be found."""
    FIND_ANOTHER = "I need another {kind}."
    """One of two objects is delivered; the second must be found."""
    DELIVER = "I have {thing}."
    """The goal needs the held object."""
    PUT_DOWN = "I do not need {thing}."
    """The goal does not need the held object."""


class Because(StrEnum):
    """The second clause: what decides the action."""

    HERE = "{name} is here."
    """The object to take, the lamp to use, or the destination is here."""
    CLOSED = "{place} is closed."
    """The place must be opened."""
    BESIDE = "{place} is beside me."
    """The place is at the current location, so that no walk is needed."""
    NEXT = "Next is {place}."
    """The next place of the search."""
    SEEN = "I saw {thing} at {place}."
    """It was seen earlier."""
    CLEAN_AT = "To clean it I need {place}."
    HEAT_AT = "To heat it I need {place}."
    COOL_AT = "To cool it I need {place}."
    CLEAN_HERE = "I clean it here."
    HEAT_HERE = "I heat it here."
    COOL_HERE = "I cool it here."
    GOES_TO = "It goes to {place}."
    """The destination of the held object."""


class Fact(StrEnum):
    """Sentences of the privileged state."""

    IS_IN = "{thing} is in {place}."
    IS_CLOSED = "{place} is closed."
    IS_CHANGED = "{thing} is {state}."
    """The state is one of clean, hot, cool."""
    HELD = "I have {thing}."


class Hint(StrEnum):
    """Hints of a teacher that must not reveal what it knows."""

    OFTEN = "Such things are often at a {kind}."
    """A general principle: the kind of place."""
    PERHAPS = "Perhaps it is at {place}."
    """The known place, worded as a guess."""


VARIANTS: Mapping[Need | Because, tuple[str, ...]] = {
    Need.FIND: ("I am looking for a {kind}.", "I have to find a {kind}."),
    Need.FIND_ANOTHER: ("I am looking for another {kind}.", "I have to find another {kind}."),
    Need.DELIVER: ("I am holding {thing}.", "{thing} is in my hand."),
    Need.PUT_DOWN: ("{thing} is of no use.", "{thing} is not what I need."),
    Because.HERE: ("I see {name}.", "There is {name}."),
    Because.CLOSED: ("{place} has to be opened.",),
    Because.BESIDE: ("{place} is right here.",),
    Because.NEXT: ("I have not looked at {place} yet.", "{place} comes next."),
    Because.SEEN: ("I remember {thing} at {place}.", "{thing} was at {place}."),
    Because.CLEAN_AT: ("It can be cleaned at {place}.",),
    Because.HEAT_AT: ("It can be heated at {place}.",),
    Because.COOL_AT: ("It can be cooled at {place}.",),
    Because.CLEAN_HERE: ("It can be cleaned here.",),
    Because.HEAT_HERE: ("It can be heated here.",),
    Because.COOL_HERE: ("It can be cooled here.",),
    Because.GOES_TO: ("It belongs to {place}.", "The task wants it at {place}."),
}
"""Alternative wordings of a clause."""

CLAUSES = all_wordings((*Need, *Because, *Fact, *Hint), VARIANTS)
"""All clauses in all wordings."""


def reason(need: Need, because: Because, *, kind: str = "", thing: str = "", place: str = "", name: str = "") -> str:
    """A reason of two clauses.

    Args:
        need: First clause.
        because: Second clause.
        kind: Kind of the object needed.
        thing: The held object, or the object that was seen.
        place: The place that decides.
        name: The object or place that is here.
    """
    return f"{need.format(kind=kind, thing=thing)} {because.format(name=name, place=place, thing=thing)}"
