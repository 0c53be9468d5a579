"""Base of the stages' parameters."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Immutable, and an unknown name is an error: a misspelt parameter must not be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
