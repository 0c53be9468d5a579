"""Which baselines are played beside those that need nothing."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from leap_kedro.records.parameters import StrictModel


def _listed(value: Any) -> Any:
    """One reference as a list of one: all that ``--params`` can say."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


class BaselineOptions(StrictModel):
    """Options of the baselines: they select what is played, and are no parameters of the experiment.

    Attributes:
        policies: Policies that are prompted without training, zero-shot and few-shot: a folder, ``models:/NAME@ALIAS``
            or ``openai:MODEL``; one or a list.
        examples: Solved training tasks in a few-shot prompt.
        max_reply_tokens: Limit of new tokens per reply of a prompted policy that is loaded; for a model of a server
            `server.max_tokens` holds.
        tasks: Tasks of each split, the first ones, that all are compared on; None: all.
    """

    policies: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    examples: int = Field(default=2, ge=1)
    max_reply_tokens: int = Field(default=256, ge=1)
    tasks: int | None = Field(default=None, ge=1)
