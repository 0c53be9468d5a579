"""Reasons made of clauses, each with other wordings that mean the same."""

import re
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import TypeVar

from leap_kedro.environments.protocol import Decision

ClauseT = TypeVar("ClauseT", bound=str)
_CLAUSE_END = re.compile(r"(?<=\.) ")
_FIELD = re.compile(r"\{(\w+)\}")


def all_wordings(clauses: Iterable[str], variants: Mapping[ClauseT, tuple[str, ...]]) -> tuple[str, ...]:
    """Clauses and their other wordings, each once."""
    return tuple(dict.fromkeys((*clauses, *(other for others in variants.values() for other in others))))


def fixed_parts(clauses: Iterable[str], marks: str) -> list[str]:
    """What clauses say around their fields, without the punctuation `marks` at the ends of a part."""
    parts = (part.strip(f" {marks}") for clause in clauses for part in _FIELD.split(clause)[::2])
    return [part for part in parts if part]


def clause_pattern(clause: str, fields: Mapping[str, str], other: str) -> str:
    """A regular expression of all that a clause can be, with one named group per field.

    Args:
        clause: A clause with fields in braces.
        fields: Name of a field -> a regular expression of what it may be.
        other: Regular expression of any other field.
    """
    parts = _FIELD.split(clause)
    return "".join(
        f"(?P<{part}>{fields.get(part, other)})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )


class Wordings:
    """Other wordings of clauses."""

    def __init__(self, variants: Mapping[ClauseT, tuple[str, ...]], fields: Mapping[str, str], other: str) -> None:
        """Know some clauses.

        Args:
            variants: A clause with fields in braces -> its other wordings, with the same fields.
            fields: As in `clause_pattern`.
            other: As in `clause_pattern`.
        """
        patterns = (re.compile(clause_pattern(clause, fields, other)) for clause in variants)
        self._variants = list(zip(patterns, variants.values(), strict=True))

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
        """The reason in other words; see `Phrasing.varied`."""
        return self._wordings.varied(reason, seed)
