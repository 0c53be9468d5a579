"""TRL's SFTTrainer on packed rows. Imports torch and TRL (8 s): import it inside functions.

What is ours: the batches (a plan of which sequences go into which step, so that a resumed run goes on where it was),
and the loss (explicit targets and weights, logits only where something is predicted). The loop, the clipping, the
checkpoints and the distribution are the trainer's own.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset
from trl.trainer.sft_trainer import SFTTrainer

from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_loss
from leap_kedro.training.optimizer import build_optimizer, build_schedule
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning

NOTHING = Packed(
    input_ids=np.zeros(1, dtype=np.int32),
    ends=np.ones(1, dtype=np.int32),
    sources=np.zeros(2, dtype=np.int32),
    targets=np.zeros(2, dtype=np.int32),
    weights=np.zeros(2, dtype=np.float32),
    rows=np.arange(2, dtype=np.int32),
)
"""One token, and a pair of rows that weigh nothing."""


class _Steps(IterableDataset[dict[str, torch.Tensor]]):
    """This process's share of each batch, from the trainer's present step on."""

    def __init__(self, trainer: "PlannedSteps") -> None:
        self.trainer = trainer

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        args, first = self.trainer.args, self.trainer.state.global_step
        for step, batch in enumerate(self.trainer.batches[first:], start=first):
            # What is dropped out follows from the step, so that a resumed run drops the same.
            seeds = np.random.SeedSequence((args.seed, step, args.process_index))
            torch.manual_seed(int(seeds.generate_state(1)[0]))
            for part in range(args.gradient_accumulation_steps):
                yield self.trainer.tensors_of(batch, part, args.gradient_accumulation_steps)


class PlannedSteps:
    """A trainer of TRL whose step k trains on the sequences of ``batches[k]``.

    Args:
        packs: The training data.
        batches: Indices of the sequences of each step; the trainer's `max_steps` is their number.
        tree: Whether rows stay packed; if not, each is read by itself, in the same steps.
        parameters: Optimizer and schedule.
        validation: Data that are not trained on; before a checkpoint their loss is measured, as ``eval_loss``.
        **rest: Arguments of the trainer.
    """

    args: Any
    state: Any
    model: Any
    accelerator: Any
    optimizer: Any
    lr_scheduler: Any

    def __init__(
        self,
        *,
        packs: Sequence[Packed],
        batches: Sequence[Sequence[int]],
        parameters: FineTuning,
        tree: bool = True,
        validation: Sequence[Packed] = (),
        **rest: Any,
    ) -> None:
        from datasets import Dataset

        self.packs = [*packs, *validation] if validation else packs
        self.training_count = len(packs)
        self.batches = batches
        self.parameters = parameters
        self.tree = tree
        super().__init__(train_dataset=Dataset.from_dict({"packs": batches[:1]}), **rest)  # type: ignore[call-arg]

    def tensors_of(self, batch: Sequence[int], part: int, parts: int) -> dict[str, torch.Tensor]:
        """This process's share of a part of a batch; its loss's mean over parts and processes is that of the batch."""
        raise NotImplementedError

    def share_of(self, batch: Sequence[int], part: int, parts: int) -> tuple[list[int], float]:
        """Indices of the sequences in this process's share of a part of a batch, and the number of shares.

        The number is 0 where nothing is left for the share: then `NOTHING` takes part in the exchange of gradients.
        """
        shares = self.args.world_size * parts
        share = list(batch)[self.args.process_index * parts + part :: shares]
        return share, float(shares) if share else 0.0

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The loss of the validation data, sequence by sequence, logged."""
        trainer: Any = self
        batch = range(self.training_count, len(self.packs))
        parts = -(-len(batch) // self.args.world_size)
        model = trainer.model_wrapped.eval()
        with torch.no_grad():
            losses = [
                trainer.compute_loss(model, trainer._prepare_inputs(self.tensors_of(batch, part, parts)))
                for part in range(parts)
            ]
            loss = self.accelerator.reduce(torch.stack(losses).mean(), reduction="mean")
        metrics = {"eval_loss": float(loss)}
        trainer.log(metrics)
        trainer.control = trainer.callback_handler.on_evaluate(self.args, self.state, trainer.control, metrics)
        model.train()
        return metrics

    def create_optimizer(self, model: Any = None) -> Any:
        """The optimizer of the parameters' choice, of `model` where its weights have been shared out."""
        if self.optimizer is None:
            self.optimizer = build_optimizer(self.model if model is None else model, self.parameters)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The schedule of the parameters' choice."""
        if self.lr_scheduler is None:
            self.lr_scheduler = build_schedule(optimizer or self.optimizer, num_training_steps, self.parameters)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def get_train_dataloader(self) -> DataLoader[dict[str, torch.Tensor]]:
        """The batches of the plan, ready made."""
        return DataLoader(_Steps(self), batch_size=None)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: counting costs more than it tells."""
        return 0

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None for a checkpoint: the card belongs to the finished policy."""


class PackedTrainer(PlannedSteps, SFTTrainer):
    """SFTTrainer on packed rows."""

    @cached_property
    def mean_weight(self) -> float:
        """Mean weight of a prediction, over all data: what equal weights would be."""
        packs = [self.packs[index] for index in range(self.training_count)]
        return sum(float(packed.weights.sum()) for packed in packs) / sum(len(packed.weights) for packed in packs)

    # The trainer is to take the mean over the parts of a batch, as it does over the processes.
    loss_is_scaled_for_ga = False  # type: ignore[assignment]

    def tensors_of(self, batch: Sequence[int], part: int = 0, parts: int = 1) -> dict[str, torch.Tensor]:
        """This process's share of a part of a batch, whose loss is the mean over the whole batch's predictions.

        Weights are relative to their mean over all data, not over the batch: one of rows that weigh little is a small
        step.
        """
        whole = self.mean_weight * sum(len(self.packs[index].weights) for index in batch)
        share, shares = self.share_of(batch, part, parts)
        tensors = collate([self.packs[index] for index in share] or [NOTHING], self.tree)
        tensors["weights"] *= shares / whole
        return tensors

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Weighted cross entropy of this process's share."""
        return packed_loss(model, inputs, head_of=self.model)
