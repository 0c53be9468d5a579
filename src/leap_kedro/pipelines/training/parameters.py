"""How pi_k is made."""

from enum import StrEnum

from leap_kedro.training.parameters import SFTParameters


class Start(StrEnum):
    """The policy that the fine-tuning starts from."""

    PARENT = "parent"
    """pi_{k-1}."""
    BASE = "base"
    """The base model, on the whole mix."""


class TrainingParameters(SFTParameters):
    """Fine-tuning of pi_k.

    Attributes:
        start: The policy that it starts from.
    """

    start: Start = Start.PARENT

    def sft(self, seed: int) -> SFTParameters:
        """The parameters of the training itself, with `seed` for the order of its data."""
        return SFTParameters(**{**self.model_dump(exclude={"start"}), "seed": seed})
