"""Options of the baselines."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from leap_kedro.records.parameters import StrictModel


def _listed(value: Any) -> Any:
    """A single reference becomes a list, because ``--params`` cannot give lists."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


class BaselineOptions(StrictModel):
    """Options of the baselines, which are not parameters of the experiment.

    Attributes:
        policies: Policies that are prompted zero-shot and few-shot, named as for `EvaluateOptions`; one or a list.
        examples: Number of solved training tasks in a few-shot prompt.
        max_reply_tokens: Limit of new tokens per reply of a prompted policy that is loaded. `server.max_tokens` is the
            limit for a model of a server.
        tasks: Number of tasks of each split on which all are compared, the first ones; None: all.
    """

    policies: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    examples: int = Field(default=2, ge=1)
    max_reply_tokens: int = Field(default=256, ge=1)
    tasks: int | None = Field(default=None, ge=1)
