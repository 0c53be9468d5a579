"""Examples as rows of token ids, rendered as in a rollout."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from leap_kedro.prompts.renderer import Renderer, observations, trunk_and_ends
from leap_kedro.prompts.templates import UnusableChatTemplate
from leap_kedro.records import Example
from leap_kedro.training.packing import Packed, Row, pack

log = logging.getLogger(__name__)


def rows_of(example: Example, renderer: Renderer) -> list[Row]:
    """One row per target, in order: the prompt of its decision at weight 0, and the reply at the target's weight."""
    renderer = renderer.for_episode(example.opening)
    trunk, ends = trunk_and_ends(renderer, example.opening, example.turns, example.privileged)
    seen = observations(example.opening, example.turns)
    branch = renderer.branch()
    rows = []
    for target in example.targets:
        prompt = (*trunk[: ends[target.step]], *branch)
        completion = renderer.completion(target.reason, target.action, seen[target.step])
        weights = (0.0,) * len(prompt) + (target.weight,) * len(completion)
        rows.append(Row((*prompt, *completion), weights))
    return rows


def packed_examples(examples: Iterable[Example], renderer: Renderer, trunk_weight: float = 0.0) -> list[Packed]:
    """Each example as one sequence; examples without a target are left out.

    With a `trunk_weight`, the trunk is the last row, all of whose tokens but the first are predicted at that weight.
    """
    every = (without_unstated(example, renderer) for example in examples)
    return [
        pack([*rows_of(example, renderer), *_trunk_row(example, renderer, trunk_weight)])
        for example in every
        if example.targets
    ]


def _trunk_row(example: Example, renderer: Renderer, weight: float) -> Iterator[Row]:
    if weight:
        trunk, _ = trunk_and_ends(renderer, example.opening, example.turns, example.privileged)
        yield Row(tuple(trunk), (0.0,) + (weight,) * (len(trunk) - 1))


def without_unstated(example: Example, renderer: Renderer) -> Example:
    """The example without the replies that the student's tokenizer cannot express, which would teach other actions.

    A rejected reply of the student that cannot be expressed is removed from its target.
    """
    renderer = renderer.for_episode(example.opening)
    seen = observations(example.opening, example.turns)
    targets = []
    for target in example.targets:
        before, own = seen[target.step], target.rejected
        if _is_stated(renderer, target.reason, target.action, before, example.episode):
            kept = own is None or _is_stated(renderer, own.reason, own.action, before, example.episode)
            targets.append(target if kept else replace(target, rejected=None))
    return replace(example, targets=tuple(targets))


def evenly(example: Example) -> Example:
    """The example with all targets at weight 1."""
    return replace(example, targets=tuple(replace(target, weight=1.0) for target in example.targets))


def _is_stated(renderer: Renderer, reason: str, action: str, before: str, episode: str) -> bool:
    try:
        renderer.completion(reason, action, before)
    except UnusableChatTemplate as error:
        log.warning("A reply in episode %s is left out: %s", episode, error)
        return False
    return bool(renderer.action_ids(action, before))
