"""How a teacher words its reasons: hints at what it may not say outright, and other words for the same clause."""

import re
from random import Random

from leap_kedro.environments.alfworld.reading import kind_of
from leap_kedro.environments.alfworld.reasons import VARIANTS, Hint
from leap_kedro.environments.protocol import Decision

_CLAUSE_END = re.compile(r"(?<=\.) ")
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
        dice = Random(seed)
        return " ".join(dice.choice(_wordings(clause)) for clause in _CLAUSE_END.split(reason))


def _wordings(clause: str) -> list[str]:
    """A clause and what else can be said for it."""
    for template, pattern in _PATTERNS:
        found = pattern.fullmatch(clause)
        if found:
            return [clause, *(other.format(**found.groupdict()) for other in VARIANTS[template])]
    return [clause]


def _pattern(template: str) -> re.Pattern[str]:
    """What matches a clause made of the template; a kind is a word, any other field an entity."""
    parts = re.split(r"\{(\w+)\}", template)
    for index in range(0, len(parts), 2):
        parts[index] = re.escape(parts[index])
    for index in range(1, len(parts), 2):
        written = "[a-z]+" if parts[index] == "kind" else r"[a-z]+ \d+"
        parts[index] = f"(?P<{parts[index]}>{written})"
    return re.compile("".join(parts))


_PATTERNS = [(template, _pattern(template)) for template in VARIANTS]
