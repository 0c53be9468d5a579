"""Which language model, where, and how much it may cost."""

import os
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError, Url

from leap_kedro.records.parameters import Free, StrictModel


class Structured(StrEnum):
    """How a server is made to answer in JSON."""

    AUTO = "auto"
    """`json_schema`; where the server refuses it, `json_object`, then `none`."""
    JSON_SCHEMA = "json_schema"
    """The server holds the answer to the schema."""
    JSON_OBJECT = "json_object"
    """The server holds the answer to some JSON object; the schema is in the prompt."""
    NONE = "none"
    """The schema is in the prompt only."""


def _without_secrets(base_url: str) -> str:
    url = Url(base_url)
    if url.scheme not in {"http", "https"}:
        raise PydanticCustomError("scheme", "expected a URL that begins with http:// or https://")
    if url.username or url.password or url.query:
        raise PydanticCustomError(
            "secret",
            "a URL without user, password and query is expected, because parameters are recorded: "
            "put the key into conf/local/credentials.yml",
        )
    return base_url.rstrip("/")


_OPENAI = "https://api.openai.com/v1"

BaseUrl = Annotated[str, AfterValidator(_without_secrets)]
"""URL of a server's API, with its `/v1`; it holds no secret."""


class CallParameters(StrictModel):
    """How a server is called.

    Attributes:
        base_url: URL of its API, with its `/v1`; None: OpenAI's own.
        timeout: Longest time of one call, in seconds.
        concurrency: Calls in flight, and episodes under way, at once.
        retries: Further tries after a failure that may pass (overload, timeouts, broken answers).
        extra: Further fields of the request's body, as the server wants them (`{"top_p": 0.9}`); null leaves a field
            out.
    """

    base_url: Free[BaseUrl | None] = None
    timeout: Free[float] = Field(default=120.0, gt=0.0)
    concurrency: Free[int] = Field(default=16, gt=0)
    retries: Free[int] = Field(default=5, ge=0)
    extra: dict[str, Any] = Field(default_factory=dict)


class ModelParameters(CallParameters):
    """A language model behind an OpenAI-compatible server.

    Attributes:
        model: The model's name there.
        temperature: Temperature of sampling; None: the server's own.
        max_tokens: Longest answer, in tokens.
        structured: How the server is made to answer in JSON.
        seed: Seed of sampling; None: none is sent.
    """

    model: str = Field(min_length=1)
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    max_tokens: int = Field(default=2048, gt=0)
    structured: Structured = Structured.AUTO
    seed: int | None = None

    @property
    def address(self) -> str:
        """URL of the server's API: the one given, else as OpenAI's own client chooses it."""
        return (self.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI).rstrip("/")


class BudgetParameters(StrictModel):
    """The most that one run of a stage may use. Answers from the cache cost nothing.

    Attributes:
        calls: Calls that the server answers; None: any number.
        dollars: Their cost; needs the model's price in conf/base/prices.yml; None: any.
    """

    calls: int | None = Field(default=None, ge=0)
    dollars: float | None = Field(default=None, ge=0.0)


class ServerParameters(CallParameters):
    """The OpenAI-compatible server of language models that are prompted: teachers, and policies named `openai:MODEL`.

    Attributes:
        max_tokens: Longest reply, in tokens; those that a model thinks with count.
        budget: The most that one run of a stage, or one policy in one run, may use.
    """

    max_tokens: int = Field(default=2048, gt=0)
    budget: Free[BudgetParameters] = BudgetParameters()

    def model(self, name: str, temperature: float | None, **more: Any) -> ModelParameters:
        """A model of this server; `more` are further fields of `ModelParameters`."""
        values = self.model_dump(exclude={"budget"})
        return ModelParameters(model=name, temperature=temperature, **values, **more)
