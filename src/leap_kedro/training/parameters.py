"""What a fine-tuning is told."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SFTParameters(BaseModel):
    """Supervised fine-tuning. Exactly one of `max_steps`, `epochs` and `max_tokens` is its budget (never the clock).

    Attributes:
        max_steps: Optimizer steps.
        epochs: Passes over the data.
        max_tokens: Tokens after which to stop, counted in tree form without padding.
        tokens_per_step: Tokens of a batch, padding included.
        shuffle: Whether each pass is shuffled; if not, the data come in the order given, as a curriculum wants.
        optimizer: ``muon`` for small models from scratch (matrices by Muon, the rest by AdamW), ``adamw`` for others.
        learning_rate: Peak rate; of the matrices where the optimizer is Muon.
        adamw_share: With Muon, the rate of embeddings, head and norms as a share of `learning_rate`.
        weight_decay: Decoupled weight decay a step, times the rate.
        warmup_steps: Steps of linear rise.
        flat_share: Share of the steps after which the rate starts to fall.
        final_share: Rate at the end as a share of the peak.
        clip: Largest norm of the gradient.
        checkpoint_every: Steps between checkpoints.
        log_every: Steps between reports of the loss.
        seed: Seed of the order of the data.
        device: ``auto`` takes a GPU where there is one.
        threads: Threads of a process on the CPU. Two are slower than one wherever another process wants a core.
        processes: Processes that share each batch and Muon's work (gloo on CPU, one a GPU otherwise).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_steps: int | None = Field(default=None, gt=0)
    epochs: int | None = Field(default=None, gt=0)
    max_tokens: int | None = Field(default=None, gt=0)
    tokens_per_step: int = Field(default=1200, gt=0)
    shuffle: bool = True
    optimizer: Literal["muon", "adamw"] = "muon"
    learning_rate: float = Field(default=0.005, gt=0)
    adamw_share: float = Field(default=0.3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    warmup_steps: int = Field(default=25, ge=0)
    flat_share: float = Field(default=0.45, ge=0, le=1)
    final_share: float = Field(default=0.05, ge=0, le=1)
    clip: float = Field(default=1.0, gt=0)
    checkpoint_every: int = Field(default=500, gt=0)
    log_every: int = Field(default=10, gt=0)
    seed: int = Field(default=0, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(default=1, gt=0)
    processes: int = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        given = [name for name in ("max_steps", "epochs", "max_tokens") if getattr(self, name) is not None]
        if len(given) != 1:
            budgets = " and ".join(given) or "none"
            raise ValueError(f"a training needs exactly one budget of max_steps, epochs and max_tokens; got {budgets}")
        return self
