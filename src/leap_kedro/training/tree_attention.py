"""Attention along the prefix tree of packed rows, for CPUs. Imports torch: import this module inside functions.

The usual kernels compute all pairs of tokens and mask most of them, because branches do not see each other. Here the
queries go block by block, and each block is multiplied only with the keys that some query in it may see: its own
tokens and their ancestors. The backward pass computes the probabilities again, so nothing of size T x T is kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

NAME = "leap_kedro_tree"
"""Its name among the attention implementations of transformers."""

_BLOCK = 64
_SMALLEST = 256  # hidden size; below it, the products are too small to gain anything


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive queries of one sequence.

    Attributes:
        start: Position of the first query.
        stop: Position after the last one.
        keys: Positions of the keys that any of them may see, in ascending order, shape (n,).
        hidden: Whether a query may not see a key, for the last keys only, shape (queries, up to n). The keys before
            those are seen by every query.
    """

    start: int
    stop: int
    keys: Tensor
    hidden: Tensor


def blocks_of(ends: Tensor) -> list[list[Block]]:
    """The blocks of each sequence, for `ends` of shape (B, T) as in `Packed`."""
    places = torch.arange(ends.shape[1])
    return [[_block(places, row, start) for start in range(0, len(row), _BLOCK)] for row in ends]


def _block(places: Tensor, ends: Tensor, start: int) -> Block:
    queries = places[start : start + _BLOCK, None]
    stop = start + len(queries)
    keys = torch.nonzero((places < stop) & (ends > start))[:, 0]
    seen = (keys <= queries) & (queries < ends[keys])
    by_all = int(seen.all(dim=0).cumprod(dim=0).sum())
    return Block(start, stop, keys, ~seen[:, by_all:])


class _TreeAttention(torch.autograd.Function):
    """Softmax attention over blocks; the query heads of a key head are stacked like additional queries."""

    @staticmethod
    def forward(context: Any, query: Tensor, key: Tensor, value: Tensor, blocks: Any, scale: float) -> Tensor:
        """Attend.

        Args:
            context: Keeps what the backward pass needs.
            query: (B, query heads, T, head size).
            key: (B, key heads, T, head size).
            value: Like `key`.
            blocks: See `blocks_of`.
            scale: Factor of the scores.

        Returns:
            (B, T, query heads, head size).
        """
        scaled = query * scale
        context.save_for_backward(scaled, key, value)
        context.blocks, context.scale = blocks, scale
        read = query.new_empty(query.shape[0], query.shape[2], query.shape[1], query.shape[3])
        for index, each in enumerate(blocks):
            for block in each:
                found = torch.bmm(_probabilities(scaled[index], key[index], block), value[index][:, block.keys])
                read[index, block.start : block.stop] = _unstacked(found, query.shape[1]).transpose(0, 1)
        return read

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """Gradients of query, key and value."""
        scaled, key, value = context.saved_tensors
        of_query = torch.empty_like(scaled)
        of_key, of_value = (torch.zeros(part.shape, dtype=torch.float32) for part in (key, value))
        for index, each in enumerate(context.blocks):
            for block in each:
                queries = _stacked(scaled[index], block, len(key[index]))
                reads = _stacked(gradient[index].transpose(0, 1), block, len(key[index]))
                seen = _probabilities(scaled[index], key[index], block)
                of_seen = torch.bmm(reads, value[index][:, block.keys].transpose(1, 2))
                of_scores = torch._softmax_backward_data(of_seen, seen, -1, seen.dtype)
                of_value[index].index_add_(1, block.keys, torch.bmm(seen.transpose(1, 2), reads).float())
                of_key[index].index_add_(1, block.keys, torch.bmm(of_scores.transpose(1, 2), queries).float())
                found = torch.bmm(of_scores, key[index][:, block.keys])
                of_query[index][:, block.start : block.stop] = _unstacked(found, scaled.shape[1])
        return of_query * context.scale, of_key.to(key.dtype), of_value.to(value.dtype), None, None


def _stacked(heads: Tensor, block: Block, key_heads: int) -> Tensor:
    """The block's part of (query heads, T, head size), as (key heads, queries x groups, head size)."""
    return heads[:, block.start : block.stop].reshape(key_heads, -1, heads.shape[-1])


def _unstacked(stacked: Tensor, heads: int) -> Tensor:
    """The inverse of `_stacked`: (query heads, queries, head size)."""
    return stacked.reshape(heads, -1, stacked.shape[-1])


def _probabilities(scaled: Tensor, key: Tensor, block: Block) -> Tensor:
    """Attention probabilities of a block, shape (key heads, queries x groups, keys)."""
    scores = torch.bmm(_stacked(scaled, block, len(key)), key[:, block.keys].transpose(1, 2))
    queries, last = block.hidden.shape
    by_query = scores.view(len(key), -1, queries, len(block.keys))
    by_query[..., len(block.keys) - last :].masked_fill_(block.hidden, -torch.inf)
    return torch.softmax(scores, dim=-1)


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    tree: Sequence[Sequence[Block]],
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """The interface of transformers. Raises `ValueError` for what is not covered."""
    if dropout or softcap is not None or s_aux is not None:
        raise ValueError("attention along the tree has no dropout, soft cap or sinks")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    with torch.autocast("cpu", enabled=False):  # it would compute the softmax in float32
        key, value = key.to(query.dtype), value.to(query.dtype)
        return _TreeAttention.apply(query, key, value, tree, scale), None  # type: ignore[no-untyped-call]


def pays(model: Any) -> bool:
    """Whether this attention is quicker than the model's own: on a CPU, unless the model is very small."""
    return model.device.type == "cpu" and getattr(model.config, "hidden_size", 0) >= _SMALLEST


@contextmanager
def tree_attention(model: Any) -> Iterator[None]:
    """Switch a model to this attention; after an exception, back to its own."""
    from transformers import AttentionInterface

    own = model.config._attn_implementation
    AttentionInterface.register(NAME, _attend)
    model.set_attn_implementation(NAME)
    try:
        yield
    except Exception:
        model.set_attn_implementation(own)
        raise


def uses_tree_attention(model: Any) -> bool:
    """Whether a model has been switched to it."""
    return bool(model.config._attn_implementation == NAME)
