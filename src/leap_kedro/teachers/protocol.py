"""The protocol of teachers: they judge each step of a student's episodes."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import CorrectedEpisode, Episode, UserError


class Teacher(Protocol):
    """Corrects episodes with the help of the privileged state.

    Attributes:
        id: Name in its corrections.
        privilege: Privilege level, per cent.
    """

    id: str
    privilege: int

    def correct_all(self, episodes: Iterable[Episode]) -> Iterator[CorrectedEpisode]:
        """Corrected episodes as they become available, in any order.

        Each has one correction per step, in order, including rejected ones with the reason. Observations are taken from
        the episode, never from a teacher's reply.

        Raises:
            ReplayMismatch: If the replayed environment does not answer as it did for the student.
            EnvironmentFailure: If a task cannot be built.
            TeacherStopped: If the teacher cannot continue; earlier corrections remain valid.
        """


class ReplayMismatch(EnvironmentFailure):
    """The environment does not answer as it did when the episode was played."""


class TeacherStopped(UserError):
    """The teacher cannot continue (too many unusable replies, a dead server, a spent budget); see the message."""
