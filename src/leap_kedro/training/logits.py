"""Logits of packed rows, and their loss. Imports torch: import this module inside functions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from leap_kedro.training.tree_attention import blocks_of, uses_tree_attention


@contextmanager
def logits_only_at(model: Any, sources: torch.Tensor) -> Iterator[None]:
    """Makes `model` compute logits of shape (M, vocabulary) only at M of its B x T tokens.

    This saves the product with the vocabulary where few tokens predict. It is a hook before the head, so the forward
    pass stays complete for DDP, PEFT and any causal LM.
    """

    def gather(_: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
        (hidden,) = arguments
        return (hidden.reshape(-1, hidden.shape[-1])[sources],)

    handle = model.get_output_embeddings().register_forward_pre_hook(gather)
    try:
        yield
    finally:
        handle.remove()


def packed_logits(model: Any, batch: dict[str, torch.Tensor], head_of: Any = None) -> torch.Tensor:
    """Logits at the predictions of a collated batch, shape (M, vocabulary).

    Args:
        model: A causal LM, wrapped or not.
        batch: The result of `collate`.
        head_of: The model inside the wrapper, whose head is hooked; None if there is no wrapper.
    """
    inner = model if head_of is None else head_of
    if "ends" in batch:
        reading = {"position_ids": batch["position_ids"], **_tree(inner, batch["ends"])}
    else:
        reading = {"attention_mask": batch["attention_mask"]}
    with logits_only_at(inner, batch["sources"]):
        logits: torch.Tensor = model(input_ids=batch["input_ids"], use_cache=False, **reading).logits
    return logits.float()


def _tree(model: Any, ends: torch.Tensor) -> dict[str, Any]:
    """What the attention of a model takes to follow the tree; a mask of shape (B, 1, T, T) unless it is our own."""
    if uses_tree_attention(model):
        # A mask of four dimensions is passed on as it is; otherwise, the model would make one of its own.
        return {"attention_mask": ends[:, None, None], "tree": blocks_of(ends)}
    places = torch.arange(ends.shape[1], device=ends.device)
    allowed = (places <= places[:, None]) & (places[:, None] < ends[:, None, :])
    dtype = model.get_input_embeddings().weight.dtype
    mask = torch.zeros(allowed.shape, dtype=dtype, device=ends.device)
    return {"attention_mask": mask.masked_fill_(~allowed, torch.finfo(dtype).min)[:, None]}


def packed_loss(model: Any, batch: dict[str, torch.Tensor], head_of: Any = None) -> torch.Tensor:
    """Weighted sum of the cross entropies of a collated batch, not divided by the weights; see `packed_logits`."""
    logits = packed_logits(model, batch, head_of)
    losses = torch.nn.functional.cross_entropy(logits, batch["targets"], reduction="none")
    return (losses * batch["weights"]).sum()
