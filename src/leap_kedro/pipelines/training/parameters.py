"""How pi_k is made."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from leap_kedro.records.parameters import StrictModel
from leap_kedro.training.parameters import FineTuningParameters, PreferenceParameters


class Start(StrEnum):
    """The policy that the fine-tuning starts from."""

    PARENT = "parent"
    """pi_{k-1}."""
    BASE = "base"
    """The base model, on the whole mix."""


class Method(StrEnum):
    """What is done with the corrections."""

    SFT = "sft"
    """Supervised fine-tuning on the mix of D_0..D_k."""
    DPO = "dpo"
    """Preference optimization on D_k: the corrected reply over the student's own."""
    SFT_DPO = "sft_dpo"
    """The one, then the other."""

    @property
    def supervised(self) -> bool:
        """Whether there is supervised fine-tuning in it."""
        return self is not Method.DPO

    @property
    def preferring(self) -> bool:
        """Whether there is preference optimization in it."""
        return self is not Method.SFT


class DPOParameters(StrictModel):
    """Preference optimization on the D_k of the training set; all else is as for the supervised fine-tuning.

    Attributes:
        beta: How far the policy may go from the one it starts from: the less, the farther.
        sft_weight: Weight of the mean cross entropy of the chosen replies, added to the loss.
        max_steps: Optimizer steps. Of the three budgets exactly one is given.
        epochs: Passes over the pairs.
        max_tokens: Tokens after which to stop.
        learning_rate: Peak rate.
        warmup_steps: Steps of linear rise.
    """

    beta: float = Field(default=0.5, gt=0)
    sft_weight: float = Field(default=1.0, ge=0)
    max_steps: int | None = Field(default=None, gt=0)
    epochs: int | None = Field(default=None, gt=0)
    max_tokens: int | None = Field(default=None, gt=0)
    learning_rate: float = Field(default=0.0002, gt=0)
    warmup_steps: int = Field(default=10, ge=0)


class TrainingParameters(FineTuningParameters):
    """Fine-tuning of pi_k.

    Attributes:
        method: What is done with the corrections.
        start: The policy that it starts from.
        dpo: The preference optimization, where the method has one.
        validation_share: Share of the tasks whose examples are not trained on but validate each checkpoint. The last
            checkpoint and the best one then play the validation tasks, and the better player is pi_k. 0: the last.
    """

    method: Method = Method.SFT
    start: Start = Start.PARENT
    dpo: DPOParameters = DPOParameters(epochs=1)
    validation_share: float = Field(default=0.0, ge=0, lt=1)

    def sft(self, seed: int) -> FineTuningParameters:
        """The parameters of the supervised fine-tuning, with `seed` for the order of its data."""
        return FineTuningParameters(**{**self._shared(), "seed": seed})

    def preferences(self, seed: int) -> FineTuningParameters:
        """The parameters of the preference optimization, with `seed` for the order of its pairs."""
        own = self.dpo.model_dump()
        preference = PreferenceParameters(beta=own.pop("beta"), sft_weight=own.pop("sft_weight"))
        return FineTuningParameters(**{**self._shared(), **own, "preference": preference, "seed": seed})

    def _shared(self) -> dict[str, object]:
        return self.model_dump(exclude={"method", "start", "dpo", "validation_share"})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.preference is not None:
            raise ValueError("training.preference is set by the stage: say training.method=dpo, and training.dpo.beta")
        self.preferences(0)
        return self
