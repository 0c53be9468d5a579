"""Assigns sequences to optimizer steps: batches of similar length within a token budget, determined by a seed."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leap_kedro.training.packing import Packed, unpacked
from leap_kedro.training.parameters import FineTuning

BATCHES_A_POOL = 64
"""Sequences are sorted by length within pools of about this many batches, which limits padding but keeps the mixing."""


def epoch_batches(
    lengths: Sequence[int] | NDArray[np.int64],
    tokens_per_step: int,
    seed: int,
    epoch: int,
    shuffle: bool = True,
    *,
    replies: Sequence[int] | NDArray[np.int64] | None = None,
    replies_per_step: int | None = None,
    by_length: bool = True,
) -> list[list[int]]:
    """One pass over the data.

    Args:
        lengths: Tokens of each sequence.
        tokens_per_step: Token budget of a batch, including padding; a longer sequence forms its own batch.
        seed: Seed of the order.
        epoch: Number of the pass; each pass has its own order.
        shuffle: Whether the whole pass is shuffled. If not, the given order is kept (a curriculum), with mixing only
            within each pool of batches.
        replies: Number of replies in each sequence; required if `replies_per_step` is set.
        replies_per_step: Maximum number of replies per batch; a sequence with more forms its own batch.
        by_length: Whether the sequences of a batch have similar lengths.

    Returns:
        Indices of the sequences of each batch; each index occurs once.
    """
    lengths = np.asarray(lengths)
    sizes = np.zeros(len(lengths), dtype=np.int64) if replies is None else np.asarray(replies)
    most = math.inf if replies_per_step is None else replies_per_step
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(lengths)) if shuffle else np.arange(len(lengths))
    pools = np.cumsum(lengths[order]) // (BATCHES_A_POOL * tokens_per_step)
    batches: list[list[int]] = []
    for pool in np.split(order, np.flatnonzero(np.diff(pools)) + 1):
        ordered = pool[np.lexsort((random.permutation(len(pool)), lengths[pool]))] if by_length else pool
        made: list[list[int]] = []
        for index in ordered.tolist():
            together = [*made[-1], index] if made else []
            if (
                together
                and len(together) * lengths[together].max() <= tokens_per_step
                and sizes[together].sum() <= most
            ):
                made[-1] = together
            else:
                made.append([index])
        batches += [made[place] for place in random.permutation(len(made))]
    return batches


def plan(
    lengths: Sequence[int] | NDArray[np.int64],
    parameters: FineTuning,
    replies: Sequence[int] | NDArray[np.int64] | None = None,
) -> list[list[int]]:
    """The batch of every training step, up to the budget in the parameters.

    Args:
        lengths: Tokens of each sequence.
        parameters: Training budget, batch sizes and seed.
        replies: Replies (preference data: pairs) in each sequence; required if `replies_per_step` is set.

    Raises:
        ValueError: If there is nothing to train on.
    """
    lengths = np.asarray(lengths)
    if not len(lengths):
        raise ValueError("there is nothing to train on: no example has a reply to be learnt")
    batches: list[list[int]] = []
    max_tokens = math.inf if parameters.max_tokens is None else parameters.max_tokens
    tokens = epoch = 0
    while True:
        for batch in epoch_batches(
            lengths,
            parameters.tokens_per_step,
            parameters.seed,
            epoch,
            parameters.shuffle,
            replies=replies,
            replies_per_step=parameters.replies_per_step,
            # The length of an episode tells its score: such batches would be all good or all bad.
            by_length=parameters.grpo is None,
        ):
            if epoch == parameters.epochs or len(batches) == parameters.max_steps or tokens >= max_tokens:
                return batches
            batches.append(batch)
            tokens += int(lengths[batch].sum())
        epoch += 1


def by_themselves(
    packs: Sequence[Packed], batches: Sequence[Sequence[int]], together: int = 1
) -> tuple[list[Packed], list[list[int]]]:
    """Replaces packed sequences by their rows, in the same optimizer steps.

    Args:
        packs: Packed sequences.
        batches: Indices of the sequences of each step.
        together: Number of rows that stay together, as in `unpacked`.

    Returns:
        The rows, and the indices of the rows of each step.
    """
    pieces = [unpacked(packed, together) for packed in packs]
    first = np.cumsum([0, *map(len, pieces)]).tolist()
    steps = [[place for index in batch for place in range(first[index], first[index + 1])] for batch in batches]
    return [piece for found in pieces for piece in found], steps
