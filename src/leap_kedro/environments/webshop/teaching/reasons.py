"""The reasons that experts give: what the page shows and what follows, in clauses that a small model can compute.

"B09KXCHWGD is worth a look." Products are named by the ids that the page shows; the embedded student reads and writes
them as "item 3" (`Vocabulary.numbered`).
"""

from collections.abc import Mapping
from enum import StrEnum

from leap_kedro.environments.clauses import all_wordings


class Clause(StrEnum):
    """A clause of a reason."""

    LOOK_FOR = "I look for {wish}."
    """Nothing was searched yet."""
    LOOK_AT = "{item} is worth a look."
    """The product on this page to look at."""
    NONE_HERE = "Nothing new fits here."
    """No product of the page is worth a look."""
    NOT_SEEN = "I do not see {missing} yet."
    """A feature that no text has stated so far."""
    READ = "This page says {found}."
    """What a sub page has of what was missing."""
    SAYS_NOTHING = "This page does not say {missing}."
    """A sub page without what was missing."""
    LACKS = "It lacks {missing}."
    """All was read, or the value is not for sale."""
    CHOOSE = "I want {value}."
    """A value to choose."""
    ALL_FITS = "All fits."
    """Nothing is missing, everything is chosen."""
    SETTLE = "Nothing better was found."
    """The best product that was seen is bought, although something is missing."""


class Fact(StrEnum):
    """Sentences of the privileged state."""

    FITS = "What fits is {title} at {price}."
    VALUE = "I want {value}."
    ATTRIBUTE = "It has to be {attribute}."


class Hint(StrEnum):
    """Clauses of a teacher that knows more than it may say."""

    PRINCIPLE = "Several look alike, and only their pages tell them apart."
    """A general principle."""
    PERHAPS = "Perhaps this one is it."
    """A guess that is none."""


VARIANTS: Mapping[Clause, tuple[str, ...]] = {
    Clause.LOOK_FOR: ("The wish is {wish}.",),
    Clause.NONE_HERE: ("No other one is worth a look.",),
    Clause.NOT_SEEN: ("{missing} is not stated so far.",),
    Clause.CHOOSE: ("{value} is to be chosen.",),
    Clause.ALL_FITS: ("That is it.",),
}
"""Other wordings of a clause."""

CLAUSES = all_wordings((*Clause, *Fact, *Hint), VARIANTS)
"""Every clause in all its wordings."""
