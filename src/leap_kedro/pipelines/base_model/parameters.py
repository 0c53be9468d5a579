"""How the base of the embedded student is trained."""

from pydantic import Field

from leap_kedro.records.parameters import Overrides, StrictModel
from leap_kedro.training.parameters import FineTuning


class BaseModelParameters(StrictModel):
    """The reader that the embedded student starts from.

    Attributes:
        transcripts: Number of random walks with questions, in the order of the curriculum.
        trunk_weight: Weight of the plain next-token loss on the transcripts.
        unseen_split: Split of the benchmark on which the reader is measured.
        held_out_transcripts: Number of transcripts per length on which the answers are measured.
        games: Number of tasks that the reader plays, to show that it cannot act.
        fine_tuning: Values that replace defaults of `FineTuningParameters`. The shared block `fine_tuning` does not
            apply, because the reader is trained from random weights.
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
