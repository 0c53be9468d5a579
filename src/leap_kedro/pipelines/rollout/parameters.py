"""Parameters of playing episodes and of the rollout."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from leap_kedro.records.parameters import Free, StrictModel


class PlayParameters(StrictModel):
    """How episodes are played.

    Attributes:
        max_actions: Cap on actions per episode.
        hold_to_admissible: Whether replies are held to the actions that the environment lists.
        max_reply_tokens: Limit of new tokens per reply, without its thoughts.
        max_thought_tokens: Limit of new tokens for the thoughts of a student that can think; 0: it does not think.
        max_refused: Number of consecutive refused actions that ends an episode; None: no limit.
        processes: Number of worker processes.
        slots: Number of concurrent episodes per worker.
    """

    max_actions: int = Field(ge=1)
    hold_to_admissible: bool = True
    max_reply_tokens: int = Field(default=64, ge=1)
    max_thought_tokens: int = Field(default=0, ge=0)
    max_refused: int | None = Field(default=None, ge=1)
    processes: Free[int] = Field(default=1, ge=1)
    slots: Free[int] = Field(default=32, ge=1)


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
