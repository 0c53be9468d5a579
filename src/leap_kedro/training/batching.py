"""Which sequences go into which optimizer step: batches of like length up to a budget of tokens, from a seed alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from leap_kedro.training.parameters import SFTParameters

BATCHES_A_POOL = 64
"""Sequences are sorted by length within pools of about this many batches: little padding, yet well mixed."""


def epoch_batches(
    lengths: Sequence[int] | NDArray[np.int64], tokens_per_step: int, seed: int, epoch: int, shuffle: bool = True
) -> list[list[int]]:
    """One pass over the data.

    Args:
        lengths: Tokens of each sequence.
        tokens_per_step: Budget of a batch, padding included; a longer sequence makes a batch of its own.
        seed: Seed of the order.
        epoch: Number of the pass; each has an order of its own.
        shuffle: Whether the whole pass is shuffled; if not, they come in the order given (a curriculum), mixed
            only within a pool of some dozens of batches.

    Returns:
        Indices of the sequences of each batch; each occurs once.
    """
    lengths = np.asarray(lengths)
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(lengths)) if shuffle else np.arange(len(lengths))
    pools = np.cumsum(lengths[order]) // (BATCHES_A_POOL * tokens_per_step)
    batches: list[list[int]] = []
    for pool in np.split(order, np.flatnonzero(np.diff(pools)) + 1):
        by_length = pool[np.lexsort((random.permutation(len(pool)), lengths[pool]))]
        made: list[list[int]] = []
        for index in by_length.tolist():
            if made and (len(made[-1]) + 1) * lengths[index] <= tokens_per_step:
                made[-1].append(index)
            else:
                made.append([index])
        batches += [made[place] for place in random.permutation(len(made))]
    return batches


def plan(lengths: Sequence[int] | NDArray[np.int64], parameters: SFTParameters) -> list[list[int]]:
    """The batch of every step of a training, by the one budget that the parameters set.

    Raises:
        ValueError: If there is nothing to train on.
    """
    lengths = np.asarray(lengths)
    if not len(lengths):
        raise ValueError("there is nothing to train on: no example has a reply to be learnt")
    batches: list[list[int]] = []
    tokens = 0
    for epoch, batch in _endless(lengths, parameters):
        if parameters.epochs is not None and epoch == parameters.epochs:
            break
        if parameters.max_steps is not None and len(batches) == parameters.max_steps:
            break
        if parameters.max_tokens is not None and tokens >= parameters.max_tokens:
            break
        batches.append(batch)
        tokens += int(lengths[batch].sum())
    return batches


def _endless(lengths: NDArray[np.int64], parameters: SFTParameters) -> Iterator[tuple[int, list[int]]]:
    epoch = 0
    while True:
        for batch in epoch_batches(lengths, parameters.tokens_per_step, parameters.seed, epoch, parameters.shuffle):
            yield epoch, batch
        epoch += 1
