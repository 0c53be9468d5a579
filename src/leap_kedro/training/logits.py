"""Logits of packed rows, and their loss. Imports torch: import it inside functions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def logits_only_at(model: Any, sources: torch.Tensor) -> Iterator[None]:
    """Within it, `model` computes logits of shape (M, vocabulary) at the M places given, of its B x T tokens.

    The vocabulary's product over all tokens is waste where few of them predict. A hook before the head, and not a call
    of the model's parts, because it leaves the forward whole for DDP, PEFT and any causal LM.
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
    """Logits of a collated batch where it predicts, shape (M, vocabulary).

    Args:
        model: What to call: a causal LM, wrapped or not.
        batch: What `collate` made.
        head_of: The model inside the wrapper, whose head is hooked; None where there is no wrapper.
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
    """Weighted sum of the cross entropies of a collated batch (not divided by the weights); as `packed_logits`."""
    logits = packed_logits(model, batch, head_of)
    losses = torch.nn.functional.cross_entropy(logits, batch["targets"], reduction="none")
    return (losses * batch["weights"]).sum()
