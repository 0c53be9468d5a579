"""How a teacher words its reasons in the shop: hints at what it may not say outright, and other words for a clause."""

import re
from random import Random

from leap_kedro.environments.protocol import Decision
from leap_kedro.environments.webshop.reasons import VARIANTS, Clause, Hint

_CLAUSE_END = re.compile(r"(?<=\.) ")


class WebShopPhrasing:
    """The `Phrasing` of WebShop."""

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
    for template, pattern in _PATTERNS:
        found = pattern.fullmatch(clause)
        if found:
            return [clause, *(other.format(**found.groupdict()) for other in VARIANTS[template])]
    return [clause]


def _pattern(template: Clause) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    text = "".join(f"(?P<{part}>.+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return re.compile(text)


_PATTERNS = [(template, _pattern(template)) for template in VARIANTS]
