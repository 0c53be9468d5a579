"""How D_0..D_k are mixed."""

from enum import StrEnum

from pydantic import Field

from leap_kedro.records.parameters import StrictModel


class Mix(StrEnum):
    """How much of each D_i goes into the training set."""

    ALL = "all"
    """Everything."""
    EQUAL_SHARE = "equal_share"
    """From each as many episodes as the smallest has (the paper's choice)."""
    WEIGHTED = "weighted"
    """Everything, each D_i weighted in the loss by `recency` ** (k - i)."""


class AggregationParameters(StrictModel):
    """The mix.

    Attributes:
        mix: How much of each D_i is taken.
        recency: Weight of D_i relative to D_{i+1}, for the mix `weighted`.
        held_out_share: Share of the tasks whose corrections are never trained on; the realizability gap is measured on
            them.
    """

    mix: Mix = Mix.EQUAL_SHARE
    recency: float = Field(default=0.5, gt=0, le=1)
    held_out_share: float = Field(default=0.05, ge=0, lt=1)
