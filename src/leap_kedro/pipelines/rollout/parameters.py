"""Parameters of the rollout."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

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
        group_size: Number of episodes on each task, which differ in the seed of sampling; it divides `episodes`.
        temperature: Sampling temperature; 0 is greedy.
    """

    player: Player = Player.STUDENT
    episodes: int = Field(ge=1)
    group_size: int = Field(default=1, ge=1)
    temperature: float = Field(ge=0, le=5)

    @model_validator(mode="after")
    def _whole_groups(self) -> Self:
        if self.episodes % self.group_size:
            raise ValueError(f"episodes ({self.episodes}) is not a multiple of group_size ({self.group_size})")
        if self.group_size > 1 and self.player is Player.DEMONSTRATOR:
            raise ValueError("player=demonstrator plays each task once: set group_size to 1")
        return self
