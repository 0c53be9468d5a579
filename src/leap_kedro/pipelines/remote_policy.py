"""Policies that a server answers for: language models that are prompted, not trained here."""

from dataclasses import dataclass

from leap_kedro.language_models import Access, ModelParameters, ServerParameters

SCHEME = "openai:"
"""Begins the reference of a policy that a server answers for; the model's name there follows."""


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
        return self.server.model(self.name, temperature)
