"""How the student plays training tasks."""

from typing import Self

from pydantic import Field, model_validator

from leap_kedro.pipelines.vllm_server import ServingParameters
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
        serving: The vLLM server that answers for policies of the loop; None: they are loaded in this program's
            processes.
    """

    max_actions: int = Field(ge=1)
    hold_to_admissible: bool = True
    max_reply_tokens: int = Field(default=64, ge=1)
    max_refused: int | None = Field(default=None, ge=1)
    processes: Free[int] = Field(default=1, ge=1)
    slots: Free[int] = Field(default=32, ge=1)
    serving: ServingParameters | None = None

    @model_validator(mode="after")
    def _servable(self) -> Self:
        if self.serving is not None and self.hold_to_admissible:
            raise ValueError("a server cannot hold replies to the listed actions: set hold_to_admissible to false")
        return self


class RolloutParameters(PlayParameters):
    """How many training tasks the student plays, and how.

    Attributes:
        episodes: Episodes an iteration.
        temperature: Sampling temperature; 0 is greedy.
    """

    episodes: int = Field(ge=1)
    temperature: float = Field(ge=0, le=5)
