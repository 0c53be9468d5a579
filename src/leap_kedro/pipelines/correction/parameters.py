"""How the teacher corrects."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from leap_kedro.pipelines.strict import StrictModel


class Which(StrEnum):
    """Episodes that are corrected."""

    ALL = "all"
    """All of them."""
    FAILED = "failed"
    """Those that the student did not solve (the paper's choice)."""


class CorrectionParameters(StrictModel):
    """The teacher.

    Attributes:
        episodes: Which episodes it corrects.
        privilege: How much of the privileged state comes through, per cent.
        expert: Name of the unprivileged expert whose choice stands unless privilege shows a much better one.
        corrections_an_episode: Steps of an episode are learnt up to this many changed actions; None: all. Where a
            student is after that is nowhere that a better one comes to.
    """

    episodes: Which = Which.ALL
    privilege: Literal[0, 25, 50, 75, 100] = 50
    expert: str
    corrections_an_episode: int | None = Field(default=None, ge=1)
