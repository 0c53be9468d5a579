"""The interface of a teacher, which judges each step of a student's episodes."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import CorrectedEpisode, Episode, UserError


class Teacher(Protocol):
    """Corrects episodes with the help of the privileged state.

    Attributes:
        id: Name of the teacher in its corrections.
        privilege: Privilege level, per cent.
    """

    id: str
    privilege: int

    def correct_all(self, episodes: Iterable[Episode]) -> Iterator[CorrectedEpisode]:
        """The corrections of each episode, as soon as they are known, in any order.

        Each has one correction per step, in order, including those that fail a check, with the cause. What the student
        saw is taken from the episode, never from what a teacher repeats.

        Raises:
            ReplayMismatch: If the environment, played again, does not answer as it did for the student.
            EnvironmentFailure: If a task cannot be built.
            TeacherStopped: If the teacher cannot continue; earlier corrections are kept.
        """
        ...


class ReplayMismatch(EnvironmentFailure):
    """The environment does not answer as it did when the episode was played."""


class TeacherStopped(UserError):
    """The teacher cannot continue (too many unusable replies, a dead server, a spent budget); the message says why."""
