"""How far the ablation goes; all else is as in the loop."""

from pydantic import Field

from leap_kedro.records.parameters import StrictModel


class AblationParameters(StrictModel):
    """The ablation.

    Attributes:
        seeds: Seeds that it runs: `seed`, `seed` + 1 ...
    """

    seeds: int = Field(default=3, ge=1)
