"""How the base of the embedded student is made."""

from pydantic import Field

from leap_kedro.records.parameters import StrictModel
from leap_kedro.training.parameters import FineTuningParameters


class BaseModelParameters(StrictModel):
    """The reader that the embedded student starts from.

    Attributes:
        transcripts: Random walks with questions, in the order of the curriculum.
        trunk_weight: Weight of the plain next-token loss on the transcripts.
        unseen_split: Benchmark's split that it is measured on.
        held_out: Transcripts of each length on which the answers are measured.
        games: Tasks that the reader is made to play, to show that it cannot.
        training: How it is trained; the data come in the order given.
    """

    transcripts: int = Field(ge=10)
    trunk_weight: float = Field(ge=0)
    unseen_split: str
    held_out: int = Field(ge=1)
    games: int = Field(ge=0)
    training: FineTuningParameters
