"""The clauses of experts' reasons, which a small model can compute.

"B09KXCHWGD is worth a look." Products are named by the ids on the page; the embedded student reads and writes them as
"item 3" (`Vocabulary.numbered`).
"""

from collections.abc import Mapping
from enum import StrEnum

from leap_kedro.environments.clauses import all_wordings


class Clause(StrEnum):
    """A clause of a reason."""

    LOOK_FOR = "I look for {wish}."
    """There was no search yet."""
    LOOK_AT = "{item} is worth a look."
    """A product on this page to visit."""
    NONE_HERE = "Nothing new fits here."
    """No product of the page is worth a look."""
    NOT_SEEN = "I do not see {missing} yet."
    """A feature that no text has stated so far."""
    READ = "This page says {found}."
    """A missing feature that a sub page states."""
    SAYS_NOTHING = "This page does not say {missing}."
    """A missing feature that a sub page does not state."""
    LACKS = "It lacks {missing}."
    """All sub pages were read, or the option value does not exist."""
    CHOOSE = "I want {value}."
    """A value to choose."""
    ALL_FITS = "All fits."
    """Nothing is missing, everything is chosen."""
    SETTLE = "Nothing better was found."
    """The best product seen is bought, although something is missing."""


class WordClause(StrEnum):
    """A clause of a reason about official goals, beside those of `Clause`."""

    SEARCH = "I search for all of it."
    """There was no search yet."""
    HAS = "This one has {found}."
    """A product on this page to visit, with the words of the wish in its title."""
    TOO_DEAR = "It is too dear."
    """It costs more than the limit."""
    ANOTHER = "Another one may fit better."
    """The title has all words of the wish, and still the product may be the wrong one."""


class Fact(StrEnum):
    """Sentences of the privileged state."""

    FITS = "What fits is {title} at {price}."
    VALUE = "I want {value}."
    ATTRIBUTE = "It has to be {attribute}."


class Hint(StrEnum):
    """Hints of a teacher that must not reveal what it knows."""

    PRINCIPLE = "Several look alike, and only their pages tell them apart."
    """A general principle."""
    PERHAPS = "Perhaps this one is it."
    """A known fact, worded as a guess."""


VARIANTS: Mapping[Clause, tuple[str, ...]] = {
    Clause.LOOK_FOR: ("The wish is {wish}.",),
    Clause.NONE_HERE: ("No other one is worth a look.",),
    Clause.NOT_SEEN: ("{missing} is not stated so far.",),
    Clause.CHOOSE: ("{value} is to be chosen.",),
    Clause.ALL_FITS: ("That is it.",),
}
"""Alternative wordings of a clause."""

CLAUSES = all_wordings((*Clause, *Fact, *Hint), VARIANTS)
"""All clauses in all wordings."""
