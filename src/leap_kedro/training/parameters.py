"""Parameters of a fine-tuning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from leap_kedro.records.parameters import Free, StrictModel

BUDGETS = ("max_steps", "epochs", "max_tokens")
"""Parameters that set the length of a training; exactly one is given."""


class Rendezvous(StrictModel):
    """Where the machines of a training meet.

    Attributes:
        endpoint: HOST:PORT on this (the first) machine, reachable by all.
        id: Name of the rendezvous.
    """

    endpoint: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")
    id: str = Field(default="leap_kedro", min_length=1)


class PreferenceParameters(StrictModel):
    """Direct preference optimization (arXiv 2305.18290).

    Attributes:
        beta: Strength of the pull towards the starting policy.
        sft_weight: Weight of the mean cross entropy of the chosen replies in the loss.
    """

    beta: float = Field(default=0.1, gt=0)
    sft_weight: float = Field(default=0.0, ge=0)


class GRPOObjective(StrictModel):
    """Group relative policy optimization (arXiv 2402.03300).

    Attributes:
        epsilon: Change of a token's probability ratio beyond which it is not rewarded.
        beta: Weight of the divergence from the policy that sampled.
        temperature: Temperature of the sampling, which divides the logits.
    """

    epsilon: float = Field(default=0.2, gt=0, lt=1)
    beta: float = Field(default=0.0, ge=0)
    temperature: float = Field(default=1.0, gt=0)


class LoraParameters(StrictModel):
    """A low-rank adapter that is trained instead of the weights (arXiv 2106.09685).

    Attributes:
        rank: Rank of the adapter's matrices.
        alpha: The product of the matrices is added to the weights times alpha / rank.
        dropout: Dropout rate of the adapter's inputs.
        targets: ``all-linear`` (all but the head), or names of modules, for example ``q_proj``.
        start: ``fresh``: a new adapter on the merged weights of the starting policy; ``continue``: the adapter of that
            policy on its base. A policy without an adapter gets a new one in both cases.
    """

    rank: int = Field(default=16, gt=0)
    alpha: float = Field(default=32, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    start: Literal["fresh", "continue"] = "fresh"


class FineTuningParameters(StrictModel):
    """A fine-tuning. Exactly one of `max_steps`, `epochs` and `max_tokens` sets its length.

    Attributes:
        max_steps: Optimizer steps.
        epochs: Passes over the data.
        max_tokens: Tokens as packed, without padding.
        tokens_per_step: Token budget of a batch, including padding.
        replies_per_step: Maximum number of replies (preference data: pairs) per batch; None for no limit. The replies
            of one episode stay together even if they exceed it.
        shuffle: Whether each pass is shuffled; if not, the given order is kept (a curriculum).
        optimizer: ``muon`` for small models from scratch (Muon for matrices, AdamW for the rest), or ``adamw``.
        learning_rate: Peak learning rate; with Muon, that of the matrices.
        adamw_share: With Muon, the rate of embeddings, head and norms as a share of `learning_rate`.
        weight_decay: Decoupled weight decay.
        warmup_steps: Steps of linear warmup.
        flat_share: Share of the steps after which the rate decays.
        decay: Shape of the decay.
        final_share: Final rate as a share of the peak.
        packing: ``tree``: the rows of an episode form one sequence along shared prefixes; ``none``: each row is its own
            sequence, with the same loss; ``auto``: ``tree`` if the model's attention supports its mask.
        lora: The adapter to train; None to train the weights.
        dtype: Number format of the computation and of frozen weights; trained weights are float32. ``auto``: bfloat16
            on a GPU, and for LoRA on a base in bfloat16 if the CPU computes in it; otherwise float32. ``nf4``: as
            ``auto``, but frozen matrices are in 4 bits (QLoRA, arXiv 2305.14314); needs `lora` and bitsandbytes.
        gradient_checkpointing: Whether activations are recomputed in the backward pass: slower, with less memory.
        max_length: Maximum tokens of prompt and reply; longer replies are dropped. None: the model's context.
        accumulation_steps: Number of parts that a batch is processed in, to save memory.
        max_grad_norm: Maximum norm of the gradient.
        checkpoint_every: Steps between checkpoints.
        log_every: Steps between reports of the loss.
        device: ``auto`` uses a GPU if there is one.
        threads: CPU threads per process. Two are slower than one if another process needs a core.
        processes: Processes per machine that share each batch and Muon's work (gloo on CPU, otherwise one per GPU).
        nodes: Number of machines. Without Ray, run `python -m leap_kedro.training.join` on each other machine, with
            shared folders.
        rendezvous: Where the machines meet; None for a single machine, and on a Ray cluster, which decides itself.
        accelerate: File written by `accelerate config`, for FSDP; None: each process holds the whole model.
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
    dtype: Literal["auto", "float32", "bfloat16", "nf4"] = "auto"
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

    @property
    def why_no_meeting(self) -> str:
        """Why the machines cannot meet unless a Ray cluster gathers them; "" if they can."""
        if self.nodes == 1 or self.rendezvous is not None:
            return ""
        return (
            f"{self.nodes} nodes need a rendezvous: set its endpoint to HOST:PORT of this machine, or `compute.kind` "
            "to ray"
        )

    def overridden(self, values: Mapping[str, Any]) -> Self:
        """See `StrictModel.overridden`; a given budget replaces the previous one."""
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
    def _frozen_in_4_bits(self) -> Self:
        if self.dtype == "nf4" and (self.lora is None or self.accelerate is not None):
            raise ValueError(
                "dtype nf4 holds frozen weights under an adapter in 4 bits, in each process: set lora, not accelerate"
            )
        return self


class FineTuning(FineTuningParameters):
    """One fine-tuning: its parameters, and the settings of the stage.

    Attributes:
        seed: Seed of the order of the data.
        preference: Direct preference optimization on pairs; None: another objective.
        grpo: Policy gradient on sampled replies, whose weights are advantages; None: another objective.
        distill: Whether the first row of each pair learns the distribution of the second.
    """

    seed: int = Field(default=0, ge=0)
    preference: PreferenceParameters | None = None
    grpo: GRPOObjective | None = None
    distill: bool = False

    @property
    def together(self) -> int:
        """Number of consecutive rows that stay together: 2 for pairs."""
        return 2 if self.preference or self.distill else 1

    @classmethod
    def of(cls, parameters: FineTuningParameters, seed: int, **objective: Any) -> "FineTuning":
        """The fine-tuning with these parameters; `objective` is one of the fields, none for supervised fine-tuning."""
        values = {name: getattr(parameters, name) for name in FineTuningParameters.model_fields}
        return cls(**values, seed=seed, **objective)


class Job(StrictModel):
    """The input of a training process: the starting model, files of `write_packed`, parameters and output folders."""

    start: Path
    data: Path
    parameters: FineTuning
    checkpoints: Path
    target: Path
    validation: Path | None = None

    def absolute(self) -> Self:
        """The job with absolute paths, for processes with another working folder."""
        paths = {name: value.absolute() for name, value in self if isinstance(value, Path)}
        accelerate = self.parameters.accelerate and self.parameters.accelerate.absolute()
        parameters = self.parameters.model_copy(update={"accelerate": accelerate})
        return self.model_copy(update={**paths, "parameters": parameters})
