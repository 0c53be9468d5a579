"""How a teacher words its reasons: hints at what it may not say outright, and other words for a clause."""

import re
from random import Random

from leap_kedro.environments.intercode_bash.reasons import VARIANTS, Hint
from leap_kedro.environments.protocol import Decision

_CLAUSE_END = re.compile(r"(?<=\.) (?=[A-Z])")


class InterCodeBashPhrasing:
    """The `Phrasing` of InterCode Bash."""

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        """The reason with a hint at its end; see `Phrasing.hinted`."""
        if privilege < 50:
            return decision.reason
        return f"{decision.reason} {Hint.PRINCIPLE if privilege < 75 else Hint.PERHAPS}"

    def varied(self, reason: str, seed: str) -> str:
        """Each clause in one of its wordings, its first one included; see `Phrasing.varied`."""
        dice = Random(seed)
        return " ".join(dice.choice(_wordings(clause)) for clause in _CLAUSE_END.split(reason))


def _wordings(clause: str) -> list[str]:
    for template, others in VARIANTS.items():
        found = re.fullmatch(re.escape(template).replace(r"\{file\}", r"(?P<file>\S+)"), clause)
        if found:
            return [clause, *(other.format(**found.groupdict()) for other in others)]
    return [clause]
