"""Reasons made of clauses, each of which has alternative wordings with the same meaning."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import TypeVar

from leap_kedro.environments.protocol import Decision

ClauseT = TypeVar("ClauseT", bound=str)
_CLAUSE_END = re.compile(r"(?<=\.) ")
_FIELD = re.compile(r"\{(\w+)\}")


def all_wordings(clauses: Iterable[str], variants: Mapping[ClauseT, tuple[str, ...]]) -> tuple[str, ...]:
    """Clauses and their alternative wordings without duplicates."""
    return tuple(dict.fromkeys((*clauses, *(other for others in variants.values() for other in others))))


def fixed_parts(clauses: Iterable[str], marks: str) -> list[str]:
    """The text of clauses between their fields, without the punctuation `marks` at either end of a part."""
    parts = (part.strip(f" {marks}") for clause in clauses for part in _FIELD.split(clause)[::2])
    return [part for part in parts if part]


def clause_pattern(clause: str, fields: Mapping[str, str], other: str) -> str:
    """A regular expression that matches a filled-in clause, with one named group per field.

    Args:
        clause: A clause with fields in braces.
        fields: Name of a field -> regular expression of its values.
        other: Regular expression of the values of any other field.
    """
    parts = _FIELD.split(clause)
    return "".join(
        f"(?P<{part}>{fields.get(part, other)})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )


class ClausePhrasing(ABC):
    """A `Phrasing` of reasons that consist of clauses; subclasses say what a hint is."""

    def __init__(self, variants: Mapping[ClauseT, tuple[str, ...]], fields: Mapping[str, str], other: str) -> None:
        """Prepare the alternative wordings.

        Args:
            variants: A clause with fields in braces -> its alternative wordings, with the same fields.
            fields: As in `clause_pattern`.
            other: As in `clause_pattern`.
        """
        patterns = (re.compile(clause_pattern(clause, fields, other)) for clause in variants)
        self._variants = list(zip(patterns, variants.values(), strict=True))

    @abstractmethod
    def hint(self, decision: Decision, group: str, guess: bool) -> str:
        """The hint for a decision: a guess at its specific place, or else a general principle; "" for none."""

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        """The reason, followed by a hint if the privilege allows one; see `Phrasing.hinted`."""
        hint = self.hint(decision, group, guess=privilege >= 75) if privilege >= 50 else ""
        return f"{decision.reason} {hint}" if hint else decision.reason

    def varied(self, reason: str, seed: str) -> str:
        """Each clause in one of its wordings, the original one included; see `Phrasing.varied`."""
        rng = Random(seed)
        return " ".join(rng.choice([clause, *self._others(clause)]) for clause in _CLAUSE_END.split(reason))

    def _others(self, clause: str) -> Iterator[str]:
        for pattern, others in self._variants:
            if found := pattern.fullmatch(clause):
                yield from (other.format(**found.groupdict()) for other in others)
                return


class FixedHints(ClausePhrasing):
    """A `ClausePhrasing` whose hints are the same for all decisions."""

    def __init__(self, variants: Mapping[ClauseT, tuple[str, ...]], other: str, principle: str, guess: str) -> None:
        """Prepare wordings and hints.

        Args:
            variants: As in `ClausePhrasing`.
            other: Regular expression of all fields.
            principle: The hint at a privilege of 50 %.
            guess: The hint at a privilege of 75 % or more.
        """
        super().__init__(variants, {}, other)
        self._principle, self._guess = principle, guess

    def hint(self, decision: Decision, group: str, guess: bool) -> str:
        """The guess or the principle."""
        return self._guess if guess else self._principle
