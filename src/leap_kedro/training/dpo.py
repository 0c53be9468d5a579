"""TRL's DPOTrainer on packed pairs. Imports torch and TRL (8 s): import this module inside functions.

The pairs of an episode form one sequence, so their shared history and the shared prompt of each pair are encoded once.
The objective is that of TRL: the log-probability of a reply is the sum over its tokens, which `rows` identifies.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from trl.trainer.dpo_trainer import DPOTrainer

from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_logits
from leap_kedro.training.scoring import score_rows
from leap_kedro.training.trainer import NOTHING, PlannedSteps


def preference_loss(logprobs: torch.Tensor, references: torch.Tensor, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of each pair, ``-log sigmoid(beta * margin)`` (Rafailov et al. 2023, arXiv 2305.18290, equation 7).

    Args:
        logprobs: Log-probability of each row, alternately chosen and rejected, shape (2P,).
        references: The same under the reference policy.
        beta: Strength of the pull towards the reference policy.

    Returns:
        The losses, shape (P,), and the implicit rewards ``beta * (logprob - reference)``, shape (P, 2).
    """
    rewards = beta * (logprobs - references).view(-1, 2)
    return -torch.nn.functional.logsigmoid(rewards[:, 0] - rewards[:, 1]), rewards


class PackedDPOTrainer(PlannedSteps, DPOTrainer):
    """DPOTrainer whose step k trains on the pairs of the sequences in ``batches[k]``.

    The reference is the model that the training starts from. It scores each pair once, before the first step.
    """

    references: Sequence[np.ndarray[Any, Any]]

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        model: Any = self.model
        if "ref" in getattr(model, "peft_config", {}):
            model.delete_adapter("ref")  # DPOTrainer's copy for scoring replies; ours are scored in advance

    def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        return dataset

    def _precompute_ref_logps(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        model: Any = self.model
        # The same autocast as in training: otherwise rounding in bfloat16 would look like a change of the policy.
        with self.accelerator.autocast():
            scores = score_rows(model.eval(), self.packs, self.tree)
        self.references = [np.array([logprob for logprob, _ in rows], dtype=np.float32) for rows in scores]
        model.train()
        return dataset

    def tensors_of(
        self, batch: Sequence[int], part: int = 0, parts: int = 1, step: int | None = None
    ) -> dict[str, torch.Tensor]:
        """This process's share of a part of a batch; ``pair_weight`` and ``weights`` refer to the whole batch.

        Slots are not permuted: the reference is scored in advance.
        """
        share, shares = self.share_of(batch, part, parts)
        tensors = collate([self.packs[index] for index in share] or [NOTHING], self.tree)
        tokens = sum(int((self.packs[index].rows % 2 == 0).sum()) for index in batch)
        pairs = sum(self.packs[index].row_count // 2 for index in batch)
        chosen = tensors["rows"] % 2 == 0
        references = [self.references[index] for index in share] or [np.zeros(2, dtype=np.float32)]
        return tensors | {
            "weights": chosen * (shares / tokens),
            "pair_weight": torch.tensor(shares / pairs),
            "references": torch.from_numpy(np.concatenate(references)),
        }

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean over the pairs of the batch, plus the weighted mean cross entropy of the chosen tokens."""
        logits = packed_logits(model, inputs, head_of=self.model)
        tokens = -torch.nn.functional.cross_entropy(logits, inputs["targets"], reduction="none")
        logprobs = torch.zeros_like(inputs["references"]).index_add(0, inputs["rows"], tokens)
        losses, rewards = preference_loss(logprobs, inputs["references"], self.beta)
        if model.training:
            self._count(rewards.detach(), inputs["pair_weight"])
        parts = {"sigmoid": losses.sum() * inputs["pair_weight"], "sft": -(tokens * inputs["weights"]).sum()}
        return sum(
            (parts[name] * weight for name, weight in zip(self.loss_types, self.loss_weights, strict=True)),
            start=torch.zeros((), device=logits.device),
        )

    def _count(self, rewards: torch.Tensor, pair_weight: torch.Tensor) -> None:
        right = (rewards[:, 0] > rewards[:, 1]).float().sum()
        sums = torch.stack([rewards[:, 0].sum(), rewards[:, 1].sum(), right]) * pair_weight
        chosen, rejected, accuracy = self.accelerator.reduce(sums, reduction="mean").tolist()
        values = {"chosen": chosen, "rejected": rejected, "accuracies": accuracy, "margins": chosen - rejected}
        for name, value in values.items():
            self._metrics["train"][f"rewards/{name}"].append(value)
