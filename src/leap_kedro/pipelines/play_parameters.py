"""Parameters of playing episodes, which rollout and evaluation share."""

from pydantic import Field

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
