"""Parameters of the training of pi_k."""

from enum import StrEnum

from pydantic import Field

from leap_kedro.records.parameters import Overrides, StrictModel
from leap_kedro.training.parameters import FineTuning, FineTuningParameters, PreferenceParameters


class Start(StrEnum):
    """The policy that the fine-tuning starts from."""

    PARENT = "parent"
    """pi_{k-1}."""
    BASE = "base"
    """The base model, on the whole mix."""


class Method(StrEnum):
    """How the corrections are used."""

    SFT = "sft"
    """Supervised fine-tuning on the mix of D_0..D_k."""
    DPO = "dpo"
    """Preference optimization on D_k: the corrected reply over the student's own."""
    SFT_DPO = "sft_dpo"
    """First SFT, then DPO."""

    @property
    def supervised(self) -> bool:
        """Whether the method has supervised fine-tuning."""
        return self is not Method.DPO

    @property
    def preferring(self) -> bool:
        """Whether the method has preference optimization."""
        return self is not Method.SFT


class DPOParameters(PreferenceParameters):
    """Preference optimization on the D_k of the training set.

    Attributes:
        beta: Strength of the tie to the policy at the start.
        sft_weight: Weight of the mean cross entropy of the chosen replies, added to the loss.
        fine_tuning: Values that differ from the supervised fine-tuning.
    """

    beta: float = Field(default=0.5, gt=0)
    sft_weight: float = Field(default=1.0, ge=0)
    fine_tuning: Overrides = Field(default_factory=lambda: {"epochs": 1, "learning_rate": 0.0002, "warmup_steps": 10})


class TrainingParameters(StrictModel):
    """Fine-tuning of pi_k.

    Attributes:
        method: How the corrections are used.
        start: The policy from which the training starts.
        fine_tuning: Values of the shared block that differ for pi_k.
        dpo: The preference optimization, if the method has one.
        validation_share: Share of the tasks whose examples validate each checkpoint instead of being trained on. The
            last checkpoint and the best one then play the validation tasks, and the better one is pi_k. 0: the last.
    """

    method: Method = Method.SFT
    start: Start = Start.PARENT
    fine_tuning: Overrides = Field(default_factory=dict)
    dpo: DPOParameters = DPOParameters()
    validation_share: float = Field(default=0.0, ge=0, lt=1)

    def sft(self, shared: FineTuningParameters, seed: int) -> FineTuning:
        """The supervised fine-tuning: `shared` with the values that differ, and `seed` for the order of the data."""
        return FineTuning.of(shared.overridden(self.fine_tuning), seed)

    def preferences(self, shared: FineTuningParameters, seed: int) -> FineTuning:
        """The preference optimization: `shared` with the values that differ, and `seed` for the order of the pairs."""
        preference = PreferenceParameters(beta=self.dpo.beta, sft_weight=self.dpo.sft_weight)
        differing = shared.overridden(self.fine_tuning).overridden(self.dpo.fine_tuning)
        return FineTuning.of(differing, seed, preference)
