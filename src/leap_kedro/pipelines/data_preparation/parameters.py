"""What is played: numbers of tasks."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from leap_kedro.records.parameters import StrictModel


class DataPreparationParameters(StrictModel):
    """Tasks per role.

    Attributes:
        train_split: Benchmark's split that training tasks are drawn from.
        train: Training tasks; all that the split has where None.
        validation: Tasks to choose the champion on.
        validation_split: Benchmark's split that they are drawn from; None: they are held out of the training split.
        test: Benchmark's split -> test tasks, all that it has where None, 0 leaves a split out; reported and
            never chosen on.
    """

    train_split: str = "train"
    train: int | None = Field(default=None, ge=1)
    validation: int = Field(ge=1)
    validation_split: str | None = None
    test: dict[str, Annotated[int, Field(ge=0)] | None] = Field(min_length=1)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        others = {self.train_split, *(split for split, count in self.test.items() if count != 0)}
        if self.validation_split in others:
            raise ValueError(
                f"validation_split '{self.validation_split}' is also trained or tested on: name another split, or null"
            )
        return self
