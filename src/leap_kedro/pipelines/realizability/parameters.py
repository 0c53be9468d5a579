"""Sample sizes of the realizability measures, which affect their precision and no policy."""

from pydantic import Field

from leap_kedro.records.parameters import Free, StrictModel


class RealizabilityParameters(StrictModel):
    """Sample sizes.

    Attributes:
        episodes: Number of rollouts that are replayed for recoverability and the swap test.
        alternatives: Number of other privileged states that the teacher sees at each decision of the swap test.
        held_out: Number of held-out episodes whose replies are scored under each policy.
        threads: Threads of torch while replies are scored.
    """

    episodes: int = Field(default=100, ge=0)
    alternatives: int = Field(default=2, ge=1)
    held_out: int = Field(default=200, ge=0)
    threads: Free[int] = Field(default=1, ge=1)
