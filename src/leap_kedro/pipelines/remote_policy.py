"""Policies behind a server."""

from dataclasses import dataclass

from leap_kedro.language_models import Access, ModelParameters, ServerParameters

SCHEME = "openai:"
"""Prefix of a reference to a policy behind a server, before the model's name."""


@dataclass(frozen=True, slots=True)
class RemotePolicy:
    """A model of a server, as a policy.

    Attributes:
        id: Name of the policy in results.
        name: Name of the model on the server.
        server: The server.
        access: Key, prices, cache.
        iteration: LEAP iteration; -1 outside the loop.
        trained: Whether it was trained to act; if not, it is a language model that is prompted.
    """

    id: str
    name: str
    server: ServerParameters
    access: Access
    iteration: int = -1
    trained: bool = False

    @property
    def place(self) -> str:
        """Its address, for messages."""
        return self.server.base_url or "api.openai.com"

    def model(self, temperature: float | None) -> ModelParameters:
        """The parameters of calls."""
        return self.server.model(self.name, temperature)
