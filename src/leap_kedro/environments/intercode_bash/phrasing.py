"""How a teacher words its reasons: hints at what it may not say outright, and other words for a clause."""

from leap_kedro.environments.clauses import Wordings
from leap_kedro.environments.intercode_bash.reasons import VARIANTS, Hint
from leap_kedro.environments.protocol import Decision

_WORDINGS = Wordings(VARIANTS, fields={}, other=r"\S+")


class InterCodeBashPhrasing:
    """The `Phrasing` of InterCode Bash."""

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        """The reason with a hint at its end; see `Phrasing.hinted`."""
        if privilege < 50:
            return decision.reason
        return f"{decision.reason} {Hint.PRINCIPLE if privilege < 75 else Hint.PERHAPS}"

    def varied(self, reason: str, seed: str) -> str:
        """Each clause in one of its wordings, its first one included; see `Phrasing.varied`."""
        return _WORDINGS.varied(reason, seed)
