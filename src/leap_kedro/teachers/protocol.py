"""What a teacher is: it judges each step of a student's episodes."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import CorrectedEpisode, Episode, UserError


class Teacher(Protocol):
    """Corrects episodes with the help of the privileged state.

    Attributes:
        id: Name by which its corrections are told from those of others.
        privilege: Privilege level, per cent.
    """

    id: str
    privilege: int

    def correct_all(self, episodes: Iterable[Episode]) -> Iterator[CorrectedEpisode]:
        """What it says of each episode, as soon as that is said, in any order.

        Each has one correction a step, in order; those that fail a check are there, too, with the reason why. What the
        student saw is taken from the episode, never from what a teacher repeats.

        Raises:
            ReplayMismatch: If the environment, played again, does not answer as it did for the student.
            EnvironmentFailure: If a task cannot be built.
            TeacherStopped: If the teacher cannot go on; what came before stands.
        """
        ...


class ReplayMismatch(EnvironmentFailure):
    """The environment answers otherwise than it did when the episode was played."""


class TeacherStopped(UserError):
    """The teacher cannot go on (too many unusable replies, a dead server, a spent budget); the message says why."""
