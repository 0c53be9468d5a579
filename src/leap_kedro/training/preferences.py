"""Pairs of rows: the corrected reply over the student's own, or one reply with and without the secret."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from leap_kedro.prompts.renderer import Renderer
from leap_kedro.records import Example, Target
from leap_kedro.training.examples import evenly, rows_of, without_unstated
from leap_kedro.training.packing import Packed, Row, pack


@dataclass(frozen=True, slots=True)
class Preferences:
    """The pairs of some examples.

    Attributes:
        packs: The pairs of each episode as one sequence; row 2i is the chosen reply of pair i, row 2i + 1 the rejected.
        pairs: Number of pairs.
        equal: Replies left out because the student's own reply has the same token ids.
        alone: Replies left out because the student gave none, or because the tokenizer cannot express one of the two.
    """

    packs: tuple[Packed, ...]
    pairs: int
    equal: int
    alone: int


def preferences_of(examples: Iterable[Example], renderer: Renderer) -> Preferences:
    """Pairs of all targets that differ from the student's own reply."""
    packs: list[Packed] = []
    pairs = equal = alone = 0
    for given in examples:
        example = without_unstated(given, renderer)
        compared = tuple(target for target in example.targets if target.rejected is not None)
        chosen = rows_of(evenly(replace(example, targets=compared)), renderer)
        rejected = rows_of(evenly(replace(example, targets=tuple(map(_own, compared)))), renderer)
        rows: list[Row] = []
        for ours, theirs in zip(chosen, rejected, strict=True):
            if ours.ids != theirs.ids:
                rows += (ours, theirs)
        if rows:
            packs.append(pack(rows))
        pairs += len(rows) // 2
        equal += len(compared) - len(rows) // 2
        alone += len(given.targets) - len(compared)
    return Preferences(tuple(packs), pairs, equal, alone)


def informed_pairs(examples: Iterable[Example], renderer: Renderer) -> list[Packed]:
    """The replies of each example as one sequence; row 2i does not have the privileged block, row 2i + 1 has it."""
    packs = []
    for given in examples:
        example = without_unstated(given, renderer)
        alone, informed = rows_of(replace(example, privileged=""), renderer), rows_of(example, renderer)
        if rows := [row for pair in zip(alone, informed, strict=True) for row in pair]:
            packs.append(pack(rows))
    return packs


def _own(target: Target) -> Target:
    assert target.rejected is not None  # noqa: S101
    return replace(target, reason=target.rejected.reason, action=target.rejected.action)
