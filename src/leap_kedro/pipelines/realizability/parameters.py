"""How much is looked at to measure realizability: it changes the precision of figures, never a policy."""

from pydantic import Field

from leap_kedro.records.parameters import Free, StrictModel


class RealizabilityParameters(StrictModel):
    """Sample sizes.

    Attributes:
        episodes: Rollouts that are replayed for recoverability and the swap test.
        alternatives: Other privileged states that the teacher is asked about at each decision of them.
        held_out: Held-out episodes whose replies are scored under each policy.
        threads: Threads of torch while replies are scored.
    """

    episodes: int = Field(default=100, ge=0)
    alternatives: int = Field(default=2, ge=1)
    held_out: int = Field(default=200, ge=0)
    threads: Free[int] = Field(default=1, ge=1)
