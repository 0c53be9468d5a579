"""How a teacher words its reasons: hints at what it may not say outright, and other words for the same clause."""

import re

from leap_kedro.environments.alfworld.teaching.reasons import VARIANTS, Hint
from leap_kedro.environments.alfworld.teaching.text_parser import kind_of
from leap_kedro.environments.clauses import Wordings
from leap_kedro.environments.protocol import Decision

_WORDINGS = Wordings(VARIANTS, fields={"kind": "[a-z]+"}, other=r"[a-z]+ \d+")
_LAST_ENTITY = re.compile(r"[a-z]+ \d+$")


class AlfworldPhrasing:
    """The `Phrasing` of ALFWorld."""

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        """The reason with a hint at its end; see `Phrasing.hinted`.

        "I need a mug. Next is drawer 3. Such things are often at a drawer." - the clauses that decide stand where they
        always do, so that a small model finds them there. No harm was measured (docs/experiments.md).
        """
        place = _LAST_ENTITY.search(decision.action)
        if privilege < 50 or place is None:
            return decision.reason
        if privilege < 75:
            hint = Hint.OFTEN.format(kind=group or kind_of(place[0]))
        else:
            hint = Hint.PERHAPS.format(place=place[0])
        return f"{decision.reason} {hint}"

    def varied(self, reason: str, seed: str) -> str:
        """Each clause in one of its wordings, its first one included; see `Phrasing.varied`."""
        return _WORDINGS.varied(reason, seed)
