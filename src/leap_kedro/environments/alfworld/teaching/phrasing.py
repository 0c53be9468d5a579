"""Wording of a teacher's reasons: hints that do not reveal what it knows, and alternative wordings of clauses."""

import re

from leap_kedro.environments.alfworld.teaching.reasons import VARIANTS, Hint
from leap_kedro.environments.alfworld.teaching.text_parser import kind_of
from leap_kedro.environments.clauses import ClausePhrasing
from leap_kedro.environments.protocol import Decision

_LAST_ENTITY = re.compile(r"[a-z]+ \d+$")


class AlfworldPhrasing(ClausePhrasing):
    """The `Phrasing` of ALFWorld.

    "I need a mug. Next is drawer 3. Such things are often at a drawer." - the clauses that decide keep their positions,
    so that a small model finds them there. No harm was measured (docs/results.md).
    """

    def __init__(self) -> None:
        """Prepare the alternative wordings."""
        super().__init__(VARIANTS, fields={"kind": "[a-z]+"}, other=r"[a-z]+ \d+")

    def hint(self, decision: Decision, group: str, guess: bool) -> str:
        """The place of the action, or the kind of such places; "" for an action without a place."""
        place = _LAST_ENTITY.search(decision.action)
        if place is None:
            return ""
        return Hint.PERHAPS.format(place=place[0]) if guess else Hint.OFTEN.format(kind=group or kind_of(place[0]))
