"""Parameters of a fine-tuning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from leap_kedro.records.parameters import Free, StrictModel

BUDGETS = ("max_steps", "epochs", "max_tokens")
"""Parameters that say how long a training is; exactly one is given."""


class Rendezvous(StrictModel):
    """Where the machines of a training meet.

    Attributes:
        endpoint: HOST:PORT on this machine, the first, that all reach.
        id: Name of the meeting.
    """

    endpoint: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")
    id: str = Field(default="leap_kedro", min_length=1)


class PreferenceParameters(StrictModel):
    """Direct preference optimization (arXiv 2305.18290).

    Attributes:
        beta: How far the policy may go from the one it starts from: the less, the farther.
        sft_weight: Weight of the mean cross entropy of the chosen replies, added to the loss.
    """

    beta: float = Field(default=0.1, gt=0)
    sft_weight: float = Field(default=0.0, ge=0)


class LoraParameters(StrictModel):
    """A low-rank adapter that is trained in place of the weights (arXiv 2106.09685).

    Attributes:
        rank: Rank of the adapter's matrices.
        alpha: Their product is added to the weights times alpha / rank.
        dropout: Share of the adapter's inputs that are dropped in training.
        targets: ``all-linear`` (all but the head), or names of modules, as ``q_proj``.
        start: ``fresh``: a new adapter on the merged weights of the policy it starts from; ``continue``: that policy's
            adapter goes on, on the base it was made for. A policy without an adapter gets a new one either way.
    """

    rank: int = Field(default=16, gt=0)
    alpha: float = Field(default=32, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    start: Literal["fresh", "continue"] = "fresh"


class FineTuningParameters(StrictModel):
    """A fine-tuning. Exactly one of `max_steps`, `epochs` and `max_tokens` is its budget (never the clock).

    Attributes:
        max_steps: Optimizer steps.
        epochs: Passes over the data.
        max_tokens: Tokens after which to stop, counted as packed, without padding.
        tokens_per_step: Tokens of a batch, padding included.
        replies_per_step: Replies (of preference data: pairs) of a batch at most; None: `tokens_per_step` alone decides.
            What belongs to one episode stays together, even where it is more.
        shuffle: Whether each pass is shuffled; if not, the data come in the order given, as a curriculum wants.
        optimizer: ``muon`` for small models from scratch (matrices by Muon, the rest by AdamW), ``adamw`` for others.
        learning_rate: Peak rate; of the matrices where the optimizer is Muon.
        adamw_share: With Muon, the rate of embeddings, head and norms as a share of `learning_rate`.
        weight_decay: Decoupled weight decay a step, times the rate.
        warmup_steps: Steps of linear rise.
        flat_share: Share of the steps after which the rate starts to fall.
        decay: How it falls: along a line, or along half a ``cosine``.
        final_share: Rate at the end as a share of the peak.
        packing: ``tree``: an episode's rows are one sequence along their shared prefixes; ``none``: each row is read by
            itself, with the same loss; ``auto``: the one where the model's attention can take its mask, else the other.
        lora: The adapter to train in place of the weights; None: the weights themselves.
        dtype: Number format of the computation, and of weights that are frozen under an adapter; what is trained is
            float32. ``auto``: bfloat16 on a GPU, float32 on a CPU.
        gradient_checkpointing: Whether activations are computed again in the backward pass: slower, with less memory.
        max_length: Tokens of prompt and reply above which a reply is dropped, and counted; None: the model's context.
        accumulation_steps: Parts of a batch that are worked on one after the other: less memory, the same step.
        max_grad_norm: Largest norm of the gradient.
        checkpoint_every: Steps between checkpoints.
        log_every: Steps between reports of the loss.
        device: ``auto`` takes a GPU where there is one.
        threads: Threads of a process on the CPU. Two are slower than one wherever another process wants a core.
        processes: Processes a machine that share each batch and Muon's work (gloo on CPU, one a GPU otherwise).
        nodes: Machines. On each but this one, `python -m leap_kedro.training.join` takes part; they share the folders.
        rendezvous: Where the machines meet; None: this one is alone.
        accelerate: File of `accelerate config`, for FSDP; None: each process holds the whole model.
        timeout: Seconds that a process waits for the others before the training fails.
    """

    max_steps: int | None = Field(default=None, gt=0)
    epochs: int | None = Field(default=None, gt=0)
    max_tokens: int | None = Field(default=None, gt=0)
    tokens_per_step: int = Field(default=1200, gt=0)
    replies_per_step: int | None = Field(default=None, gt=0)
    shuffle: bool = True
    optimizer: Literal["muon", "adamw"] = "muon"
    learning_rate: float = Field(default=0.005, gt=0)
    adamw_share: float = Field(default=0.3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    warmup_steps: int = Field(default=25, ge=0)
    flat_share: float = Field(default=0.45, ge=0, le=1)
    decay: Literal["linear", "cosine"] = "linear"
    final_share: float = Field(default=0.05, ge=0, le=1)
    packing: Literal["auto", "tree", "none"] = "auto"
    lora: LoraParameters | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    gradient_checkpointing: Free[bool] = False
    max_length: int | None = Field(default=None, gt=1)
    accumulation_steps: Free[int] = Field(default=1, gt=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    checkpoint_every: Free[int] = Field(default=500, gt=0)
    log_every: Free[int] = Field(default=10, gt=0)
    device: Free[Literal["auto", "cpu", "cuda"]] = "auto"
    threads: Free[int] = Field(default=1, gt=0)
    processes: Free[int] = Field(default=1, gt=0)
    nodes: Free[int] = Field(default=1, gt=0)
    rendezvous: Free[Rendezvous | None] = None
    accelerate: Free[Path | None] = None
    timeout: Free[int] = Field(default=600, gt=0)

    @property
    def world_size(self) -> int:
        """Processes on all machines."""
        return self.nodes * self.processes

    def overridden(self, values: Mapping[str, Any]) -> Self:
        """See `StrictModel.overridden`; a budget that is given replaces the one that was there."""
        given = [name for name in BUDGETS if values.get(name) is not None]
        return super().overridden({**dict.fromkeys(BUDGETS if given else ()), **values})

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        given = [name for name in BUDGETS if getattr(self, name) is not None]
        if len(given) != 1:
            budgets = " and ".join(given) or "none"
            raise ValueError(f"a training needs exactly one budget of max_steps, epochs and max_tokens; got {budgets}")
        return self

    @model_validator(mode="after")
    def _machines_that_meet(self) -> Self:
        if self.nodes > 1 and self.rendezvous is None:
            raise ValueError(f"{self.nodes} nodes need a rendezvous: set its endpoint to HOST:PORT of this machine")
        return self


class FineTuning(FineTuningParameters):
    """One fine-tuning: its parameters, and what the stage that asks for it sets.

    Attributes:
        seed: Seed of the order of the data.
        preference: Direct preference optimization, of data that are pairs; None: supervised fine-tuning.
    """

    seed: int = Field(default=0, ge=0)
    preference: PreferenceParameters | None = None

    @classmethod
    def of(
        cls, parameters: FineTuningParameters, seed: int, preference: PreferenceParameters | None = None
    ) -> "FineTuning":
        """The fine-tuning that these parameters describe."""
        values = {name: getattr(parameters, name) for name in FineTuningParameters.model_fields}
        return cls(**values, seed=seed, preference=preference)
