"""How the base of the embedded student is made."""

from pydantic import Field

from leap_kedro.records.parameters import Overrides, StrictModel
from leap_kedro.training.parameters import FineTuning


class BaseModelParameters(StrictModel):
    """The reader that the embedded student starts from.

    Attributes:
        transcripts: Random walks with questions, in the order of the curriculum.
        trunk_weight: Weight of the plain next-token loss on the transcripts.
        unseen_split: Benchmark's split that it is measured on.
        held_out_transcripts: Transcripts of each length on which the answers are measured.
        games: Tasks that the reader is made to play, to show that it cannot.
        fine_tuning: How it is trained: single values over the defaults of `FineTuningParameters`. The shared block
            `fine_tuning` does not apply: the reader is trained from random weights, whatever the loop's students need.
    """

    transcripts: int = Field(ge=10)
    trunk_weight: float = Field(ge=0)
    unseen_split: str
    held_out_transcripts: int = Field(ge=1)
    games: int = Field(ge=0)
    fine_tuning: Overrides

    @property
    def training(self) -> FineTuning:
        """The training of the reader. Raises `ValidationError` if a value of `fine_tuning` is wrong."""
        return FineTuning.model_validate(self.fine_tuning)
