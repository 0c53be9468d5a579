"""Packed rows to the tensors of one optimizer step. Imports torch: import it inside functions."""

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
        tree: Whether they stay packed. If not, each row is a sequence of its own, and in place of ``position_ids`` and
            ``allowed`` comes the ``attention_mask`` of any causal LM, shape (B, T): 1 where there is a token.

    Returns:
        ``input_ids`` and ``position_ids``, shape (B, T); ``allowed``, shape (B, 1, T, T), true where a query may see a
        key (padding sees itself alone, so that no row of the softmax is empty); for the M predictions of the batch
        ``sources`` (indices into the B x T tokens), ``targets``, ``weights`` and ``rows`` (numbered through the batch),
        shape (M,).
    """
    if not tree:
        return _collate_single([row for packed in packs for row in unpacked(packed)])
    length = max(len(packed) for packed in packs)
    steps = np.arange(length)
    input_ids = np.zeros((len(packs), length), dtype=np.int64)
    position_ids = np.zeros_like(input_ids)
    ends = np.broadcast_to(steps + 1, input_ids.shape).copy()
    for place, packed in enumerate(packs):
        input_ids[place, : len(packed)] = packed.input_ids
        position_ids[place, : len(packed)] = packed.position_ids
        ends[place, : len(packed)] = packed.ends
    allowed = (steps <= steps[:, None]) & (steps[:, None] < ends[:, None, :])
    return {
        "input_ids": torch.from_numpy(input_ids),
        "position_ids": torch.from_numpy(position_ids),
        "allowed": torch.from_numpy(allowed[:, None]),
        **_predictions(packs, length),
    }


def _collate_single(rows: Sequence[Packed]) -> dict[str, torch.Tensor]:
    length = max(len(row) for row in rows)
    input_ids = np.zeros((len(rows), length), dtype=np.int64)
    attention_mask = np.zeros_like(input_ids)
    for place, row in enumerate(rows):
        input_ids[place, : len(row)] = row.input_ids
        attention_mask[place, : len(row)] = 1
    return {
        "input_ids": torch.from_numpy(input_ids),
        "attention_mask": torch.from_numpy(attention_mask),
        **_predictions(rows, length),
    }


def _predictions(packs: Sequence[Packed], length: int) -> dict[str, torch.Tensor]:
    rows_before = np.cumsum([0, *(packed.row_count for packed in packs)])
    columns: dict[str, list[NDArray[Any]]] = {
        "sources": [place * length + packed.sources.astype(np.int64) for place, packed in enumerate(packs)],
        "targets": [packed.targets.astype(np.int64) for packed in packs],
        "weights": [packed.weights for packed in packs],
        "rows": [first + packed.rows.astype(np.int64) for first, packed in zip(rows_before, packs, strict=False)],
    }
    return {name: torch.from_numpy(np.concatenate(parts)) for name, parts in columns.items()}
