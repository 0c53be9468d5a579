"""TRL's SFTTrainer on packed rows. Imports torch and TRL (8 s): import this module inside functions.

We add the batches (a plan of the sequences of each step, so that a resumed run continues exactly) and the loss
(explicit targets and weights, logits only at predictions). The loop, clipping, checkpoints and distribution are TRL's.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset
from trl.trainer.sft_trainer import SFTTrainer

from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_loss
from leap_kedro.training.optimizer import build_optimizer, build_schedule
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.slots import permuted

NOTHING = Packed(
    input_ids=np.zeros(1, dtype=np.int32),
    ends=np.ones(1, dtype=np.int32),
    sources=np.zeros(2, dtype=np.int32),
    targets=np.zeros(2, dtype=np.int32),
    weights=np.zeros(2, dtype=np.float32),
    rows=np.arange(2, dtype=np.int32),
)
"""One token with a pair of rows of weight 0."""


class _Steps(IterableDataset[dict[str, torch.Tensor]]):
    """This process's share of each batch, from the trainer's current step on."""

    def __init__(self, trainer: "PlannedSteps") -> None:
        self.trainer = trainer

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        args, first = self.trainer.args, self.trainer.state.global_step
        for step, batch in enumerate(self.trainer.batches[first:], start=first):
            # Dropout depends on the step, so that it is the same in a resumed run.
            seeds = np.random.SeedSequence((args.seed, step, args.process_index))
            torch.manual_seed(int(seeds.generate_state(1)[0]))
            for part in range(args.gradient_accumulation_steps):
                yield self.trainer.tensors_of(batch, part, args.gradient_accumulation_steps, step)


class PlannedSteps:
    """A TRL trainer whose step k trains on the sequences in ``batches[k]``.

    Args:
        packs: The training data.
        batches: Indices of the sequences of each step; `max_steps` must be their number.
        tree: Whether rows stay packed; if not, each is its own sequence, in the same steps.
        parameters: Optimizer and schedule.
        validation: Held-out data whose loss is measured before each checkpoint, as ``eval_loss``.
        slots: Token ids of copy slots, which are permuted in each step of a supervised fine-tuning.
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
        slots: NDArray[np.int32] | None = None,
        **rest: Any,
    ) -> None:
        from datasets import Dataset

        self.packs = [*packs, *validation] if validation else packs
        self.training_count = len(packs)
        self.batches = batches
        self.parameters = parameters
        self.tree = tree
        self.slots = np.zeros(0, dtype=np.int32) if slots is None else slots
        super().__init__(train_dataset=Dataset.from_dict({"packs": batches[:1]}), **rest)  # type: ignore[call-arg]

    def tensors_of(
        self, batch: Sequence[int], part: int, parts: int, step: int | None = None
    ) -> dict[str, torch.Tensor]:
        """This process's share of a part of a batch; the mean loss over parts and processes is that of the batch.

        `step` is the step that it is trained in; None if it is evaluated.
        """
        raise NotImplementedError

    def share_of(self, batch: Sequence[int], part: int, parts: int) -> tuple[list[int], float]:
        """Indices of the sequences in this process's share of a part of a batch, and the number of shares.

        The number is 0 for an empty share, where `NOTHING` takes part in the exchange of gradients.
        """
        shares = self.args.world_size * parts
        share = list(batch)[self.args.process_index * parts + part :: shares]
        return share, float(shares) if share else 0.0

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Computes and logs the loss of the validation data, sequence by sequence."""
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
        """The optimizer chosen in the parameters, for `model` if its weights have been sharded."""
        if self.optimizer is None:
            self.optimizer = build_optimizer(self.model if model is None else model, self.parameters)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The schedule set in the parameters."""
        if self.lr_scheduler is None:
            self.lr_scheduler = build_schedule(optimizer or self.optimizer, num_training_steps, self.parameters)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def get_train_dataloader(self) -> DataLoader[dict[str, torch.Tensor]]:
        """The batches of the plan."""
        return DataLoader(_Steps(self), batch_size=None)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted, to save time."""
        return 0

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Checkpoints have no model card."""


class PackedTrainer(PlannedSteps, SFTTrainer):
    """SFTTrainer on packed rows."""

    @cached_property
    def mean_weight(self) -> float:
        """Mean weight of a prediction over all training data."""
        packs = [self.packs[index] for index in range(self.training_count)]
        return sum(float(packed.weights.sum()) for packed in packs) / sum(len(packed.weights) for packed in packs)

    # The trainer takes the mean over the parts of a batch, as it does over the processes.
    loss_is_scaled_for_ga = False  # type: ignore[assignment]

    def tensors_of(
        self, batch: Sequence[int], part: int = 0, parts: int = 1, step: int | None = None
    ) -> dict[str, torch.Tensor]:
        """This process's share of a part of a batch, whose loss is the mean over the predictions of the whole batch.

        Weights are relative to their mean over all data, not over the batch: a batch of low weights is a small step.
        """
        whole = self.mean_weight * sum(len(self.packs[index].weights) for index in batch)
        share, shares = self.share_of(batch, part, parts)
        packs = [self.packs[index] for index in share]
        if step is not None:
            order = zip(packs, share, strict=True)
            packs = [permuted(packed, self.slots, self.args.seed, step, index) for packed, index in order]
        tensors = collate(packs or [NOTHING], self.tree)
        tensors["weights"] *= shares / whole
        return tensors

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Weighted cross entropy of this process's share."""
        return packed_loss(model, inputs, head_of=self.model)
