"""A correction: what a teacher says about one step of a student's episode, and what the checks made of it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the teacher says of a step."""

    KEEP = "keep"
    """The student's own action stands."""
    CORRECT = "correct"
    """The teacher's action takes its place."""


class Rejection(StrEnum):
    """Why a correction is not used for training."""

    NOT_EXECUTABLE = "not_executable"
    """The environment would refuse the action at that step."""
    LEAKED = "leaked"
    """The reason names what only the privileged state shows."""
    NO_PLAN = "no_plan"
    """The teacher found no way to the goal from there."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A teacher's reason and action for one step, judged.

    Attributes:
        episode: Id of the episode.
        step: Index of the step in it, from 0.
        verdict: Keep or correct.
        reason: Reason that the student should have given.
        action: Action that it should have taken.
        teacher: Id of the teacher.
        privilege: Privilege level, per cent (0 to 100).
        leaked: Entities named in the reason that the student had not seen by then.
        rejection: Why the correction is not used; None when it is accepted.
    """

    episode: str
    step: int
    verdict: Verdict
    reason: str
    action: str
    teacher: str
    privilege: int
    leaked: tuple[str, ...] = ()
    rejection: Rejection | None = None

    @property
    def accepted(self) -> bool:
        """Whether the correction may be trained on."""
        return self.rejection is None


@dataclass(frozen=True, slots=True)
class CorrectedEpisode:
    """All that a teacher said about one episode.

    Attributes:
        episode: Id of the episode.
        corrections: One a step, in order.
    """

    episode: str
    corrections: tuple[Correction, ...]
