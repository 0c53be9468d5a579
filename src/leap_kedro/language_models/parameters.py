"""Parameters of language models, their servers and budgets."""

import os
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError, Url

from leap_kedro.records.parameters import Free, StrictModel


class Structured(StrEnum):
    """How a server is made to answer in JSON."""

    AUTO = "auto"
    """`json_schema`; if the server rejects it, `json_object`, then `none`."""
    JSON_SCHEMA = "json_schema"
    """The server enforces the schema."""
    JSON_OBJECT = "json_object"
    """The server enforces a JSON object; the schema is in the prompt."""
    NONE = "none"
    """The schema is only in the prompt."""


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


OPENAI = "https://api.openai.com/v1"
"""URL of OpenAI's own API."""

BaseUrl = Annotated[str, AfterValidator(_without_secrets)]
"""URL of a server's API, including `/v1`, without secrets."""


class CallParameters(StrictModel):
    """How a server is called.

    Attributes:
        base_url: URL of the API, including `/v1`; None for OpenAI.
        timeout: Maximum seconds of one call.
        concurrency: Maximum number of concurrent calls and episodes.
        retries: Further tries after a temporary failure (overload, timeouts, broken answers).
        extra: Further fields of the request's body (`{"top_p": 0.9}`); null omits a field.
    """

    base_url: Free[BaseUrl | None] = None
    timeout: Free[float] = Field(default=120.0, gt=0.0)
    concurrency: Free[int] = Field(default=16, gt=0)
    retries: Free[int] = Field(default=5, ge=0)
    extra: dict[str, Any] = Field(default_factory=dict)


class ModelParameters(CallParameters):
    """A language model behind an OpenAI-compatible server.

    Attributes:
        model: The model's name on the server.
        temperature: Sampling temperature; None for the server's default.
        max_tokens: Maximum tokens of an answer.
        structured: How the server is made to answer in JSON.
        seed: Seed of sampling, if any.
    """

    model: str = Field(min_length=1)
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    max_tokens: int = Field(default=2048, gt=0)
    structured: Structured = Structured.AUTO
    seed: int | None = None

    @property
    def address(self) -> str:
        """URL of the server's API: the given one, or else the default of OpenAI's client."""
        return (self.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI).rstrip("/")


class BudgetParameters(StrictModel):
    """The budget of one run of a stage. Answers from the cache are free.

    Attributes:
        calls: Maximum number of answered calls; None for no limit.
        dollars: Maximum cost, which needs the model's price in conf/base/prices.yml; None for no limit.
    """

    calls: int | None = Field(default=None, ge=0)
    dollars: float | None = Field(default=None, ge=0.0)


class ServerParameters(CallParameters):
    """The OpenAI-compatible server of prompted language models: teachers, and policies named `openai:MODEL`.

    Attributes:
        max_tokens: Maximum tokens of a reply, including thoughts.
        budget: Budget of one run of a stage, or of one policy in one run.
    """

    max_tokens: int = Field(default=2048, gt=0)
    budget: Free[BudgetParameters] = BudgetParameters()

    def model(self, name: str, temperature: float | None, **more: Any) -> ModelParameters:
        """A model of this server; `more` are further fields of `ModelParameters`."""
        shared = self.model_dump(exclude={"budget"})
        return ModelParameters(model=name, temperature=temperature, **shared, **more)
