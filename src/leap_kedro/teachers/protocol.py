"""What a teacher is: it judges each step of a student's episode."""

from typing import Protocol

from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import Correction, Episode


class Teacher(Protocol):
    """Corrects episodes with the help of the privileged state.

    Attributes:
        id: Name by which its corrections are told from those of others.
    """

    id: str

    def correct(self, episode: Episode) -> list[Correction]:
        """One correction a step, in order; those that fail a check are there, too, with the reason why.

        What the student saw is taken from the episode, never from what a teacher repeats.

        Raises:
            ReplayMismatch: If the environment, played again, does not answer as it did for the student.
            EnvironmentFailure: If the task cannot be built.
        """
        ...


class ReplayMismatch(EnvironmentFailure):
    """The environment answers otherwise than it did when the episode was played."""
