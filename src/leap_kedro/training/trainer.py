"""TRL's SFTTrainer on packed rows. Imports torch and TRL (8 s): import it inside functions.

What is ours: the batches (a plan of which sequences go into which step, so that a resumed run goes on where it was),
and the loss (explicit targets and weights, logits only where something is predicted). The loop, the clipping, the
checkpoints and the distribution are the trainer's own.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset
from trl.trainer.sft_trainer import SFTTrainer

from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_loss
from leap_kedro.training.packing import Packed


class _Steps(IterableDataset[dict[str, torch.Tensor]]):
    """This process's share of each batch, from the trainer's present step on."""

    def __init__(self, trainer: "PlannedSteps") -> None:
        self.trainer = trainer

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        for batch in self.trainer.batches[self.trainer.state.global_step :]:
            yield self.trainer.tensors_of(batch)


class PlannedSteps:
    """A trainer of TRL whose step k trains on the sequences of ``batches[k]``.

    Args:
        packs: The training data.
        batches: Indices of the sequences of each step; the trainer's `max_steps` is their number.
        **rest: Arguments of the trainer.
    """

    args: Any
    state: Any

    def __init__(self, *, packs: Sequence[Packed], batches: Sequence[Sequence[int]], **rest: Any) -> None:
        from datasets import Dataset

        self.packs = packs
        self.batches = batches
        super().__init__(train_dataset=Dataset.from_dict({"packs": batches[:1]}), **rest)  # type: ignore[call-arg]

    def tensors_of(self, batch: Sequence[int]) -> dict[str, torch.Tensor]:
        """This process's share of a batch, normalised so that the sum of the shares is the loss of the batch."""
        raise NotImplementedError

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

    def tensors_of(self, batch: Sequence[int]) -> dict[str, torch.Tensor]:
        """This process's share of a batch; ``weights`` make its loss the weighted mean over the batch's predictions."""
        packs = [self.packs[index] for index in batch]
        whole = sum(float(packed.weights.sum()) for packed in packs)
        share = packs[self.args.process_index :: self.args.world_size]
        # A process without a sequence of its own still takes part in the exchange of gradients: one at weight 0.
        tensors = collate(share or packs[:1])
        if not share:
            tensors["weights"].zero_()
        tensors["weights"] *= self.args.world_size / whole
        return tensors

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean cross entropy of the batch over all processes, weighted."""
        return packed_loss(model, inputs, head_of=self.model)
