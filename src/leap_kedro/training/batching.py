"""Which sequences go into which optimizer step: batches of like length up to a budget of tokens, from a seed alone."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from leap_kedro.training.packing import Packed, unpacked
from leap_kedro.training.parameters import FineTuning

BATCHES_A_POOL = 64
"""Sequences are sorted by length within pools of about this many batches: little padding, yet well mixed."""


def epoch_batches(
    lengths: Sequence[int] | NDArray[np.int64],
    tokens_per_step: int,
    seed: int,
    epoch: int,
    shuffle: bool = True,
    *,
    replies: Sequence[int] | NDArray[np.int64] | None = None,
    replies_per_step: int | None = None,
) -> list[list[int]]:
    """One pass over the data.

    Args:
        lengths: Tokens of each sequence.
        tokens_per_step: Budget of a batch, padding included; a longer sequence makes a batch of its own.
        seed: Seed of the order.
        epoch: Number of the pass; each has an order of its own.
        shuffle: Whether the whole pass is shuffled; if not, they come in the order given (a curriculum), mixed
            only within a pool of some dozens of batches.
        replies: Replies in each sequence; needed where their number is limited.
        replies_per_step: Replies of a batch at most; a sequence of more makes a batch of its own. None: any number.

    Returns:
        Indices of the sequences of each batch; each occurs once.
    """
    lengths = np.asarray(lengths)
    sizes = np.zeros(len(lengths), dtype=np.int64) if replies is None else np.asarray(replies)
    most = math.inf if replies_per_step is None else replies_per_step
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(lengths)) if shuffle else np.arange(len(lengths))
    pools = np.cumsum(lengths[order]) // (BATCHES_A_POOL * tokens_per_step)
    batches: list[list[int]] = []
    for pool in np.split(order, np.flatnonzero(np.diff(pools)) + 1):
        by_length = pool[np.lexsort((random.permutation(len(pool)), lengths[pool]))]
        made: list[list[int]] = []
        for index in by_length.tolist():
            together = [*made[-1], index] if made else []
            if together and len(together) * lengths[index] <= tokens_per_step and sizes[together].sum() <= most:
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
    """The batch of every step of a training, by the one budget that the parameters set.

    Args:
        lengths: Tokens of each sequence.
        parameters: Budget, sizes of a batch, seed.
        replies: Replies (of preference data: pairs) in each sequence; needed where `replies_per_step` limits them.

    Raises:
        ValueError: If there is nothing to train on.
    """
    lengths = np.asarray(lengths)
    if not len(lengths):
        raise ValueError("there is nothing to train on: no example has a reply to be learnt")
    batches: list[list[int]] = []
    tokens = 0
    for epoch, batch in _endless(lengths, parameters, replies):
        if parameters.epochs is not None and epoch == parameters.epochs:
            break
        if parameters.max_steps is not None and len(batches) == parameters.max_steps:
            break
        if parameters.max_tokens is not None and tokens >= parameters.max_tokens:
            break
        batches.append(batch)
        tokens += int(lengths[batch].sum())
    return batches


def by_themselves(
    packs: Sequence[Packed], batches: Sequence[Sequence[int]], together: int = 1
) -> tuple[list[Packed], list[list[int]]]:
    """Rows in place of packed sequences, in the same optimizer steps.

    Args:
        packs: Packed sequences.
        batches: Indices of the sequences of each step.
        together: Rows that stay together, as in `unpacked`.

    Returns:
        The rows, and their indices of each step: all rows of its sequences.
    """
    pieces = [unpacked(packed, together) for packed in packs]
    first = np.cumsum([0, *map(len, pieces)]).tolist()
    steps = [[place for index in batch for place in range(first[index], first[index + 1])] for batch in batches]
    return [piece for found in pieces for piece in found], steps


def _endless(
    lengths: NDArray[np.int64], parameters: FineTuning, replies: Sequence[int] | NDArray[np.int64] | None
) -> Iterator[tuple[int, list[int]]]:
    epoch = 0
    while True:
        for batch in epoch_batches(
            lengths,
            parameters.tokens_per_step,
            parameters.seed,
            epoch,
            parameters.shuffle,
            replies=replies,
            replies_per_step=parameters.replies_per_step,
        ):
            yield epoch, batch
        epoch += 1
