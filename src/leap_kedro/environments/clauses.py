"""Reasons made of clauses, each with other wordings that mean the same."""

import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import TypeVar

from leap_kedro.environments.protocol import Decision

ClauseT = TypeVar("ClauseT", bound=str)
_CLAUSE_END = re.compile(r"(?<=\.) ")


class Wordings:
    """Other wordings of clauses."""

    def __init__(self, variants: Mapping[ClauseT, tuple[str, ...]], fields: Mapping[str, str], other: str) -> None:
        """Know some clauses.

        Args:
            variants: A clause with fields in braces -> its other wordings, with the same fields.
            fields: Name of a field -> a regular expression of what it may be.
            other: Regular expression of any other field.
        """
        self._variants = [(re.compile(_pattern(clause, fields, other)), more) for clause, more in variants.items()]

    def varied(self, reason: str, seed: str) -> str:
        """Each clause in one of its wordings, its first one included; see `Phrasing.varied`."""
        dice = Random(seed)
        return " ".join(dice.choice([clause, *self._others(clause)]) for clause in _CLAUSE_END.split(reason))

    def _others(self, clause: str) -> Iterator[str]:
        for pattern, others in self._variants:
            if found := pattern.fullmatch(clause):
                yield from (other.format(**found.groupdict()) for other in others)
                return


class ClausePhrasing:
    """A `Phrasing` of reasons in clauses, with a hint that is the same whatever the action."""

    def __init__(self, wordings: Wordings, principle: str, guess: str) -> None:
        """Word reasons.

        Args:
            wordings: Other wordings of the clauses.
            principle: A general principle, the hint from a privilege of 50 % on.
            guess: What is said in its place from 75 % on.
        """
        self._wordings, self._principle, self._guess = wordings, principle, guess

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        """The reason with a hint at its end; see `Phrasing.hinted`."""
        if privilege < 50:
            return decision.reason
        return f"{decision.reason} {self._principle if privilege < 75 else self._guess}"

    def varied(self, reason: str, seed: str) -> str:
        """Each clause in one of its wordings, its first one included; see `Phrasing.varied`."""
        return self._wordings.varied(reason, seed)


def _pattern(clause: str, fields: Mapping[str, str], other: str) -> str:
    parts = re.split(r"\{(\w+)\}", clause)
    return "".join(
        f"(?P<{part}>{fields.get(part, other)})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
