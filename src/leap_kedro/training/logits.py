"""Logits of packed rows, and their loss. Imports torch: import this module inside functions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


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
    if "allowed" in batch:
        dtype = inner.get_input_embeddings().weight.dtype
        mask = torch.zeros(batch["allowed"].shape, dtype=dtype, device=batch["allowed"].device)
        mask.masked_fill_(~batch["allowed"], torch.finfo(dtype).min)
        reading = {"position_ids": batch["position_ids"], "attention_mask": mask}
    else:
        reading = {"attention_mask": batch["attention_mask"]}
    with logits_only_at(inner, batch["sources"]):
        logits: torch.Tensor = model(input_ids=batch["input_ids"], use_cache=False, **reading).logits
    return logits.float()


def packed_loss(model: Any, batch: dict[str, torch.Tensor], head_of: Any = None) -> torch.Tensor:
    """Weighted sum of the cross entropies of a collated batch, not divided by the weights; see `packed_logits`."""
    logits = packed_logits(model, batch, head_of)
    losses = torch.nn.functional.cross_entropy(logits, batch["targets"], reduction="none")
    return (losses * batch["weights"]).sum()
