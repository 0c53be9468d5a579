"""How the student plays training tasks."""

from pydantic import Field

from leap_kedro.records.parameters import Free, StrictModel


class PlayParameters(StrictModel):
    """How episodes are played.

    Attributes:
        max_actions: Cap on actions an episode.
        hold_to_admissible: Whether replies are held to the actions that the environment lists.
        max_reply_tokens: Limit of new tokens a reply.
        max_refused: Refused actions in a row that end an episode; None: never.
        processes: Worker processes.
        slots: Episodes that one worker has under way.
    """

    max_actions: int = Field(ge=1)
    hold_to_admissible: bool = True
    max_reply_tokens: int = Field(default=64, ge=1)
    max_refused: int | None = Field(default=None, ge=1)
    processes: Free[int] = Field(default=1, ge=1)
    slots: Free[int] = Field(default=32, ge=1)


class RolloutParameters(PlayParameters):
    """How many training tasks the student plays, and how.

    Attributes:
        episodes: Episodes an iteration.
        temperature: Sampling temperature; 0 is greedy.
    """

    episodes: int = Field(ge=1)
    temperature: float = Field(ge=0, le=5)
