"""How pi_k is made."""

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


class DPOParameters(PreferenceParameters):
    """Preference optimization on the D_k of the training set.

    Attributes:
        beta: How far the policy may go from the one it starts from: the less, the farther.
        sft_weight: Weight of the mean cross entropy of the chosen replies, added to the loss.
        fine_tuning: Where it differs from the supervised fine-tuning.
    """

    beta: float = Field(default=0.5, gt=0)
    sft_weight: float = Field(default=1.0, ge=0)
    fine_tuning: Overrides = Field(default_factory=lambda: {"epochs": 1, "learning_rate": 0.0002, "warmup_steps": 10})


class TrainingParameters(StrictModel):
    """Fine-tuning of pi_k.

    Attributes:
        method: What is done with the corrections.
        start: The policy that it starts from.
        fine_tuning: How pi_k is fine-tuned, where it differs from the shared block.
        dpo: The preference optimization, where the method has one.
        validation_share: Share of the tasks whose examples are not trained on but validate each checkpoint. The last
            checkpoint and the best one then play the validation tasks, and the better player is pi_k. 0: the last.
    """

    method: Method = Method.SFT
    start: Start = Start.PARENT
    fine_tuning: Overrides = Field(default_factory=dict)
    dpo: DPOParameters = DPOParameters()
    validation_share: float = Field(default=0.0, ge=0, lt=1)

    def sft(self, shared: FineTuningParameters, seed: int) -> FineTuning:
        """The supervised fine-tuning: `shared` with what differs, and `seed` for the order of its data."""
        return FineTuning.of(shared.overridden(self.fine_tuning), seed)

    def preferences(self, shared: FineTuningParameters, seed: int) -> FineTuning:
        """The preference optimization: `shared` with what differs, and `seed` for the order of its pairs."""
        preference = PreferenceParameters(beta=self.dpo.beta, sft_weight=self.dpo.sft_weight)
        differing = shared.overridden(self.fine_tuning).overridden(self.dpo.fine_tuning)
        return FineTuning.of(differing, seed, preference)
