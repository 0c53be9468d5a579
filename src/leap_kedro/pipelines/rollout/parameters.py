"""Parameters of the rollout."""

from enum import StrEnum

from pydantic import Field

from leap_kedro.pipelines.play_parameters import PlayParameters


class Player(StrEnum):
    """Who plays the tasks of a rollout."""

    STUDENT = "student"
    """pi_{k-1}."""
    DEMONSTRATOR = "demonstrator"
    """The expert of D_0, as there: for imitation, to which LEAP is compared."""


class RolloutParameters(PlayParameters):
    """The number of training tasks that are played, by whom, and how the student plays.

    Attributes:
        player: Who plays.
        episodes: Number of episodes per iteration.
        temperature: Sampling temperature; 0 is greedy.
    """

    player: Player = Player.STUDENT
    episodes: int = Field(ge=1)
    temperature: float = Field(ge=0, le=5)
