"""What a model costs."""

import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


class Price(BaseModel):
    """US dollars a million tokens.

    Attributes:
        prompt: Of tokens that the model reads.
        cached: Of those that the server had in its own prompt cache; None: as any other.
        completion: Of tokens that the model writes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(ge=0.0)
    cached: float | None = Field(default=None, ge=0.0)
    completion: float = Field(ge=0.0)

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Dollars for a call.

        Args:
            prompt_tokens: All tokens read.
            completion_tokens: All tokens written.
            cached_tokens: Those of `prompt_tokens` that came from the server's prompt cache.
        """
        cached = self.prompt if self.cached is None else self.cached
        fresh_tokens = prompt_tokens - cached_tokens
        return (fresh_tokens * self.prompt + cached_tokens * cached + completion_tokens * self.completion) / 1e6


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of `model`, or of its undated name (`gpt-4o` for `gpt-4o-2024-08-06`); None if neither is listed."""
    return prices.get(model) or prices.get(_DATED.sub("", model))
