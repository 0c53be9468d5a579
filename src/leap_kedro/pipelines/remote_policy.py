"""Policies that a server answers for: language models that are prompted, not trained here."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from leap_kedro.language_models import Access, BudgetParameters, ModelParameters
from leap_kedro.language_models.parameters import BaseUrl
from leap_kedro.records.parameters import Free, StrictModel

SCHEME = "openai:"
"""Begins the reference of a policy that a server answers for; the model's name there follows."""


class ServerParameters(StrictModel):
    """The OpenAI-compatible server that answers for policies named `openai:MODEL`.

    Attributes:
        base_url: URL of its API, with its `/v1`; None: OpenAI's own.
        max_tokens: Longest reply, in tokens; those that a model thinks with count.
        timeout: Longest time of one call, in seconds.
        concurrency: Calls in flight, and episodes under way, at once.
        retries: Further tries after a failure that may pass.
        extra: Further fields of the request's body.
        budget: The most that one policy may use in one run.
    """

    base_url: Free[BaseUrl | None] = None
    max_tokens: int = Field(default=2048, ge=1)
    timeout: Free[float] = Field(default=120.0, gt=0)
    concurrency: Free[int] = Field(default=16, ge=1)
    retries: Free[int] = Field(default=5, ge=0)
    extra: dict[str, Any] = Field(default_factory=dict)
    budget: Free[BudgetParameters] = BudgetParameters()


@dataclass(frozen=True, slots=True)
class RemotePolicy:
    """A model of a server, as a policy.

    Attributes:
        id: Name of the policy in results.
        name: Name of the model on the server.
        server: How it is reached.
        access: Key, prices, cache.
        iteration: -1: it belongs to no iteration.
    """

    id: str
    name: str
    server: ServerParameters
    access: Access
    iteration: int = -1

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return self.server.base_url or "api.openai.com"

    def model(self, temperature: float | None) -> ModelParameters:
        """What calls need to know."""
        told = self.server.model_dump(exclude={"budget"})
        return ModelParameters(model=self.name, temperature=temperature, **told)
