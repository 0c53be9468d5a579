"""Parameters of the training of pi_k."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from leap_kedro.records.parameters import Overrides, StrictModel
from leap_kedro.training.parameters import FineTuning, FineTuningParameters, GRPOObjective, PreferenceParameters


class Start(StrEnum):
    """The policy that the fine-tuning starts from."""

    PARENT = "parent"
    """pi_{k-1}."""
    BASE = "base"
    """The base model, on the whole mix."""


class Method(StrEnum):
    """What is learnt, and how."""

    SFT = "sft"
    """Supervised fine-tuning on the mix of D_0..D_k."""
    DPO = "dpo"
    """Preference optimization on D_k: the corrected reply over the student's own."""
    SFT_DPO = "sft_dpo"
    """First SFT, then DPO."""
    GRPO = "grpo"
    """Policy gradient on the rollouts, by their scores within each group; without a teacher."""
    DISTILL = "distill"
    """The student learns, at each token of its own replies, the distribution of the student that knows the secret."""

    @property
    def supervised(self) -> bool:
        """Whether the method has supervised fine-tuning."""
        return self in (Method.SFT, Method.SFT_DPO)

    @property
    def preferring(self) -> bool:
        """Whether the method has preference optimization."""
        return self in (Method.DPO, Method.SFT_DPO)

    @property
    def on_policy(self) -> bool:
        """Whether the method learns from the student's own replies, which an earlier policy did not give."""
        return self in (Method.GRPO, Method.DISTILL)


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


class GRPOParameters(StrictModel):
    """Policy gradient on the rollouts of iteration k (arXiv 2402.03300).

    Attributes:
        epsilon: Change of a token's probability ratio beyond which it is not rewarded.
        beta: Weight of the divergence from pi_{k-1}, which played.
        fine_tuning: Values that differ from the supervised fine-tuning.
    """

    epsilon: float = Field(default=0.2, gt=0, lt=1)
    beta: float = Field(default=0.0, ge=0)
    fine_tuning: Overrides = Field(
        default_factory=lambda: {
            "epochs": 2,
            "tokens_per_step": 4000,
            "learning_rate": 0.0007,
            "warmup_steps": 5,
            "flat_share": 1,
        }
    )


class DistillParameters(StrictModel):
    """Self-distillation on the replies of iteration k (arXiv 2601.20802).

    Attributes:
        fine_tuning: Values that differ from the supervised fine-tuning.
    """

    fine_tuning: Overrides = Field(default_factory=lambda: {"epochs": 1, "learning_rate": 0.0005, "warmup_steps": 10})


class TrainingParameters(StrictModel):
    """Fine-tuning of pi_k.

    Attributes:
        method: What is learnt, and how.
        start: The policy from which the training starts.
        fine_tuning: Values of the shared block that differ for pi_k.
        dpo: The preference optimization, if the method has one.
        grpo: The policy gradient, if that is the method.
        distill: The self-distillation, if that is the method.
        validation_share: Share of the tasks whose examples validate each checkpoint instead of being trained on. The
            last checkpoint and the best one then play the validation tasks, and the better one is pi_k. 0: the last.
    """

    method: Method = Method.SFT
    start: Start = Start.PARENT
    fine_tuning: Overrides = Field(default_factory=dict)
    dpo: DPOParameters = DPOParameters()
    grpo: GRPOParameters = GRPOParameters()
    distill: DistillParameters = DistillParameters()
    validation_share: float = Field(default=0.0, ge=0, lt=1)

    def sft(self, shared: FineTuningParameters, seed: int) -> FineTuning:
        """The supervised fine-tuning: `shared` with the values that differ, and `seed` for the order of the data."""
        return FineTuning.of(shared.overridden(self.fine_tuning), seed)

    def preferences(self, shared: FineTuningParameters, seed: int) -> FineTuning:
        """The preference optimization: `shared` with the values that differ, and `seed` for the order of the pairs."""
        preference = PreferenceParameters(beta=self.dpo.beta, sft_weight=self.dpo.sft_weight)
        return FineTuning.of(self.differing(shared, self.dpo), seed, preference=preference)

    def own_replies(self, shared: FineTuningParameters, seed: int, temperature: float) -> FineTuning:
        """GRPO or self-distillation: `shared` with the values that differ; `temperature` is that of the rollouts."""
        if self.method is Method.DISTILL:
            return FineTuning.of(self.differing(shared, self.distill), seed, distill=True)
        objective = GRPOObjective(epsilon=self.grpo.epsilon, beta=self.grpo.beta, temperature=temperature)
        return FineTuning.of(self.differing(shared, self.grpo), seed, grpo=objective)

    def differing(
        self, shared: FineTuningParameters, part: DPOParameters | GRPOParameters | DistillParameters
    ) -> FineTuningParameters:
        """`shared` with the values that differ for pi_k, and those that differ for a part of its training."""
        return shared.overridden(self.fine_tuning).overridden(part.fine_tuning)

    def everywhere(self, values: Mapping[str, Any]) -> Self:
        """The parameters with values of fine-tuning that hold in all parts."""
        parts = {name: getattr(self, name) for name in ("dpo", "grpo", "distill")}
        changed = {
            name: part.model_copy(update={"fine_tuning": {**part.fine_tuning, **values}})
            for name, part in parts.items()
        }
        return self.model_copy(update={"fine_tuning": {**self.fine_tuning, **values}, **changed})
