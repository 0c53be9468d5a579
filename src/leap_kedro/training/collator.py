"""Flat trees to the tensors of one optimizer step. Imports torch: import it inside functions."""

from collections.abc import Sequence

import numpy as np
import torch

from leap_kedro.training.tree import Flat


def collate(flats: Sequence[Flat]) -> dict[str, torch.Tensor]:
    """Pads trees to one length.

    Args:
        flats: B trees.

    Returns:
        ``input_ids`` and ``position_ids``, shape (B, T); ``allowed``, shape (B, 1, T, T), true where a query may see a
        key (padding sees itself alone, so that no row of the softmax is empty); for the M predictions of the batch
        ``sources`` (indices into the B x T tokens), ``targets`` and ``weights``, shape (M,).
    """
    length = max(len(flat) for flat in flats)
    steps = np.arange(length)
    input_ids = np.zeros((len(flats), length), dtype=np.int64)
    position_ids = np.zeros_like(input_ids)
    visible = np.zeros_like(input_ids)
    own = np.broadcast_to(steps, input_ids.shape).copy()
    for row, flat in enumerate(flats):
        input_ids[row, : len(flat)] = flat.input_ids
        position_ids[row, : len(flat)] = flat.position_ids
        visible[row, : len(flat)] = flat.visible
        own[row, : len(flat)] = flat.own
    allowed = (steps < visible[:, :, None]) | ((steps >= own[:, :, None]) & (steps <= steps[:, None]))
    return {
        "input_ids": torch.from_numpy(input_ids),
        "position_ids": torch.from_numpy(position_ids),
        "allowed": torch.from_numpy(allowed[:, None]),
        "sources": torch.from_numpy(np.concatenate([row * length + flat.sources for row, flat in enumerate(flats)])),
        "targets": torch.from_numpy(np.concatenate([flat.targets for flat in flats])),
        "weights": torch.from_numpy(np.concatenate([flat.weights for flat in flats])),
    }
