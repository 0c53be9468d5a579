"""How D_0..D_k are mixed."""

from enum import StrEnum

from pydantic import Field

from leap_kedro.records.parameters import StrictModel


class Mix(StrEnum):
    """How much of each D_i goes into the training set."""

    ALL = "all"
    """Everything."""
    EQUAL_SHARE = "equal_share"
    """As many episodes of each as the smallest has (the paper's choice)."""
    WEIGHTED = "weighted"
    """Everything, each D_i weighted in the loss by `recency` ** (k - i)."""


class AggregationParameters(StrictModel):
    """The mix.

    Attributes:
        mix: How much of each D_i.
        recency: Weight of D_i against D_{i+1}, for the mix `weighted`.
        held_out_share: Share of the corrected episodes (by task, in all iterations alike) that no training sees: the
            realizability gap is measured on them.
    """

    mix: Mix = Mix.EQUAL_SHARE
    recency: float = Field(default=0.5, gt=0, le=1)
    held_out_share: float = Field(default=0.05, ge=0, lt=1)
