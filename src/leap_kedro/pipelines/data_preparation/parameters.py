"""What is played: numbers of tasks."""

from typing import Annotated

from pydantic import Field

from leap_kedro.pipelines.strict import StrictModel


class DataPreparationParameters(StrictModel):
    """Tasks per role.

    Attributes:
        train_split: Benchmark's split that training and validation tasks are drawn from.
        train: Training tasks; all that the split has where None.
        validation: Tasks held out of the training split, to choose the champion on.
        test: Benchmark's split -> test tasks, all that it has where None, 0 leaves a split out; reported and
            never chosen on.
    """

    train_split: str = "train"
    train: int | None = Field(default=None, ge=1)
    validation: int = Field(ge=1)
    test: dict[str, Annotated[int, Field(ge=0)] | None] = Field(min_length=1)
