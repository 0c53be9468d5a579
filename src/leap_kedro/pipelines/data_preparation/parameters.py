"""Splits and numbers of tasks."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from leap_kedro.records.parameters import StrictModel


class DataPreparationParameters(StrictModel):
    """Tasks per role.

    Attributes:
        train_split: Split of the benchmark with the training tasks.
        train: Number of training tasks; None: the whole split.
        validation: Number of validation tasks, on which the champion is chosen.
        validation_split: Split of the benchmark with the validation tasks; None: they are taken from the training
            split.
        test: Split of the benchmark -> number of test tasks; None: the whole split, 0: no tasks. Results on them are
            only reported.
    """

    train_split: str = "train"
    train: int | None = Field(default=None, ge=1)
    validation: int = Field(ge=1)
    validation_split: str | None = None
    test: dict[str, Annotated[int, Field(ge=0)] | None] = Field(default={"test": 100}, min_length=1)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        others = {self.train_split, *(split for split, count in self.test.items() if count != 0)}
        if self.validation_split in others:
            raise ValueError(
                f"validation_split '{self.validation_split}' is also trained or tested on: name another split, or null"
            )
        return self
