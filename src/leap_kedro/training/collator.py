"""Turns packed rows into the tensors of one optimizer step. Imports torch: import this module inside functions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leap_kedro.training.packing import Packed, unpacked


def collate(packs: Sequence[Packed], tree: bool = True) -> dict[str, torch.Tensor]:
    """Pads packed rows to one length.

    Args:
        packs: B packed sequences.
        tree: Whether they stay packed. If not, each row is its own sequence, and the usual ``attention_mask`` of shape
            (B, T), which is 1 at each token, replaces ``position_ids`` and ``ends``.

    Returns:
        ``input_ids``, ``position_ids`` and ``ends`` (see `Packed`; padding is seen only by itself, so that no row of
        the softmax is empty), shape (B, T). For the M predictions of the batch:
        ``sources`` (indices into the B x T tokens), ``targets``, ``weights`` and ``rows`` (numbered through the batch),
        shape (M,).
    """
    if not tree:
        packs = [row for packed in packs for row in unpacked(packed)]
    length = max(len(packed) for packed in packs)
    steps = np.arange(length)
    input_ids = np.zeros((len(packs), length), dtype=np.int64)
    position_ids, attention_mask = np.zeros_like(input_ids), np.zeros_like(input_ids)
    ends = np.broadcast_to(steps + 1, input_ids.shape).copy()
    for place, packed in enumerate(packs):
        input_ids[place, : len(packed)] = packed.input_ids
        position_ids[place, : len(packed)] = packed.position_ids
        attention_mask[place, : len(packed)] = 1
        ends[place, : len(packed)] = packed.ends
    arrays = {"input_ids": input_ids, **_predictions(packs, length)}
    if tree:
        arrays |= {"position_ids": position_ids, "ends": ends}
    else:
        arrays["attention_mask"] = attention_mask
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _predictions(packs: Sequence[Packed], length: int) -> dict[str, NDArray[Any]]:
    rows_before = np.cumsum([0, *(packed.row_count for packed in packs)])
    columns: dict[str, list[NDArray[Any]]] = {
        "sources": [place * length + packed.sources.astype(np.int64) for place, packed in enumerate(packs)],
        "targets": [packed.targets.astype(np.int64) for packed in packs],
        "weights": [packed.weights for packed in packs],
        "rows": [first + packed.rows.astype(np.int64) for first, packed in zip(rows_before, packs, strict=False)],
    }
    return {name: np.concatenate(parts) for name, parts in columns.items()}
