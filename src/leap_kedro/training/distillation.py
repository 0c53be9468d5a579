"""Self-distillation on packed pairs. Imports torch and TRL (8 s): import this module inside functions.

The rows of a pair are the same reply without and with the secret in the prompt. The model that the training starts from
reads the second, and the model in training learns its distribution on the first, token by token. The target is fixed:
with the weights of each step, errors that both share would reinforce themselves.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch

from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_logits
from leap_kedro.training.packing import Packed, selected
from leap_kedro.training.trainer import NOTHING, PackedTrainer

_INFORMED = "informed_"


def distillation_loss(logits: torch.Tensor, informed: torch.Tensor) -> torch.Tensor:
    """Reverse Kullback-Leibler divergence over the vocabulary, as in SDPO (arXiv 2601.20802).

    Args:
        logits: Of the student without the secret, shape (M, vocabulary).
        informed: Of the student that knows it.

    Returns:
        KL(student || informed student) of each prediction, shape (M,).
    """
    own, target = logits.log_softmax(-1), informed.log_softmax(-1)
    return (own.exp() * (own - target)).sum(-1)


class PackedDistillationTrainer(PackedTrainer):
    """A trainer whose step k distills the pairs of the sequences in ``batches[k]``."""

    def __init__(self, **arguments: Any) -> None:
        informed = deepcopy(arguments["model"])  # before the trainer binds its `forward` to that model
        super().__init__(**arguments)
        self.informed = informed.to(self.accelerator.device).eval().requires_grad_(False)

    def tensors_of(
        self, batch: Sequence[int], part: int = 0, parts: int = 1, step: int | None = None
    ) -> dict[str, torch.Tensor]:
        """This process's share of a part of a batch; ``share`` is that of each token in the mean of the batch.

        Slots are not permuted: both versions of a reply need the same numbers.
        """
        share, shares = self.share_of(batch, part, parts)
        tokens = sum(len(self.packs[index].targets) // 2 for index in batch)
        packs = [self.packs[index] for index in share] or [NOTHING]
        informed = collate([_every_second(packed, 1) for packed in packs], self.tree)
        return {
            **collate([_every_second(packed, 0) for packed in packs], self.tree),
            **{f"{_INFORMED}{name}": values for name, values in informed.items()},
            "share": torch.tensor(shares / tokens),
        }

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The loss of this process's share."""
        of_informed = {
            name.removeprefix(_INFORMED): values for name, values in inputs.items() if name.startswith(_INFORMED)
        }
        with torch.no_grad():
            informed = packed_logits(self.informed, of_informed)
        logits = packed_logits(model, inputs, head_of=self.model)
        return distillation_loss(logits, informed).sum() * inputs["share"]


def _every_second(packed: Packed, first: int) -> Packed:
    return selected(packed, np.arange(packed.row_count) % 2 == first)
