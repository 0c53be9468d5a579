"""GRPO on packed rows. Imports torch and TRL (8 s): import this module inside functions.

The objective is that of TRL's GRPOTrainer with its default loss (``dapo``): the clipped surrogate of each token, as a
mean over the tokens of the batch. The replies of an episode form one sequence, so their history is encoded once. The
weight of a prediction is the advantage of its episode.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_logits
from leap_kedro.training.parameters import GRPOObjective
from leap_kedro.training.scoring import token_logprobs
from leap_kedro.training.trainer import NOTHING, PackedTrainer


def policy_loss(
    logprobs: torch.Tensor, olds: torch.Tensor, advantages: torch.Tensor, epsilon: float, beta: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Loss of each token (Shao et al. 2024, arXiv 2402.03300, equations 3 and 4).

    The policy that sampled is also the reference of the divergence, whose estimate is weighted with the ratio, as in
    TRL (`use_bias_correction_kl`).

    Args:
        logprobs: Log-probabilities of the tokens, shape (M,).
        olds: The same under the policy that sampled them.
        advantages: Advantage of each token's episode.
        epsilon: Largest change of the ratio that is rewarded.
        beta: Weight of the divergence from the policy that sampled.

    Returns:
        The losses, whether each is clipped (0 or 1), and the estimates of the divergence, each of shape (M,).
    """
    ratio = torch.exp(logprobs - olds)
    near = ratio.clamp(1 - epsilon, 1 + epsilon)
    clipped = (ratio - near) * advantages > 0
    divergence = ratio * (torch.exp(olds - logprobs) - (olds - logprobs) - 1)
    losses = -torch.min(ratio * advantages, near * advantages) + beta * divergence
    return losses, clipped.float(), divergence


class PackedGRPOTrainer(PackedTrainer):
    """A trainer whose step k follows the policy gradient of the sequences in ``batches[k]``.

    The training starts from the policy that sampled them, which scores each token once, before the first step.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        assert self.parameters.grpo is not None  # noqa: S101
        self.objective: GRPOObjective = self.parameters.grpo
        model: Any = self.model
        # The same autocast as in training: otherwise rounding in bfloat16 would look like a change of the policy.
        with self.accelerator.autocast():
            self.olds = token_logprobs(model.eval(), self.packs, self.tree, self.objective.temperature)
        model.train()

    def tensors_of(
        self, batch: Sequence[int], part: int = 0, parts: int = 1, step: int | None = None
    ) -> dict[str, torch.Tensor]:
        """This process's share of a part of a batch; ``share`` is that of each token in the mean of the batch.

        Slots are not permuted: the policy that played is scored in advance.
        """
        share, shares = self.share_of(batch, part, parts)
        tensors = collate([self.packs[index] for index in share] or [NOTHING], self.tree)
        olds = [self.olds[index] for index in share] or [np.zeros(len(NOTHING.targets), dtype=np.float32)]
        tokens = sum(len(self.packs[index].targets) for index in batch)
        return tensors | {"olds": torch.from_numpy(np.concatenate(olds)), "share": torch.tensor(shares / tokens)}

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The loss of this process's share."""
        how = self.objective
        logits = packed_logits(model, inputs, head_of=self.model) / how.temperature
        logprobs = -torch.nn.functional.cross_entropy(logits, inputs["targets"], reduction="none")
        tokens = policy_loss(logprobs, inputs["olds"], inputs["weights"], how.epsilon, how.beta)
        losses, clipped, divergence = (values.sum() * inputs["share"] for values in tokens)
        if model.training:
            found = self.accelerator.reduce(torch.stack([clipped, divergence]).detach(), reduction="mean").tolist()
            for name, value in zip(("clipped_share", "divergence"), found, strict=True):
                self._metrics["train"][f"objective/{name}"].append(value)
        return losses
