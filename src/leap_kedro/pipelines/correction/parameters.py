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


class TeacherKind(StrEnum):
    """Who corrects."""

    ORACLE = "oracle"
    """An unprivileged expert whose choice stands unless privilege shows a much better one; no model needed."""


class TeacherParameters(StrictModel):
    """Who corrects, and how.

    Attributes:
        kind: Who.
        expert: Oracle only: name of the unprivileged expert.
        reject_leaks: Whether a reason that names more of the secret than its level allows is rejected; off only to
            measure what leaking does.
        varied_wording: Oracle only: whether its reasons come in various words, drawn by episode and step.
    """

    kind: TeacherKind = TeacherKind.ORACLE
    expert: str
    reject_leaks: bool = True
    varied_wording: bool = False


class CorrectionParameters(StrictModel):
    """What is corrected, and what of it is learnt.

    Attributes:
        episodes: Which episodes are corrected.
        privilege: How much of the privileged state comes through, per cent.
        corrections_an_episode: Steps of an episode are learnt up to this many changed actions; None: all. Where a
            student is after that is nowhere that a better one comes to.
        teacher: Who corrects.
    """

    episodes: Which = Which.ALL
    privilege: Literal[0, 25, 50, 75, 100] = 50
    corrections_an_episode: int | None = Field(default=None, ge=1)
    teacher: TeacherParameters
