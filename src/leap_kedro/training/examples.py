"""Examples as rows of token ids, by the same renderer that makes the prompts of a rollout."""

from collections.abc import Iterable

from leap_kedro.prompts.renderer import Renderer, observations, trunk_and_ends
from leap_kedro.records import Example
from leap_kedro.training.packing import Packed, Row, pack


def rows_of(example: Example, renderer: Renderer) -> list[Row]:
    """One row a target, in their order: the prompt of its decision, only read, and the reply at the target's weight."""
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


def packed_examples(examples: Iterable[Example], renderer: Renderer) -> list[Packed]:
    """Each example as one sequence; those without a target, which teach nothing, are left out."""
    return [pack(rows_of(example, renderer)) for example in examples if example.targets]
