"""Inputs of language models besides the parameters: the key, prices, the cache folder, prompts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, SecretStr

from leap_kedro.language_models.replicas import Replica
from leap_kedro.records.parameters import StrictModel

_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


class Price(StrictModel):
    """US dollars per million tokens.

    Attributes:
        prompt: Price of tokens read.
        cached: Price of tokens from the server's prompt cache; None: as `prompt`.
        completion: Price of tokens written.
    """

    prompt: float = Field(ge=0.0)
    cached: float | None = Field(default=None, ge=0.0)
    completion: float = Field(ge=0.0)

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Dollars for a call; `cached_tokens` of `prompt_tokens` came from the server's prompt cache."""
        cached = self.prompt if self.cached is None else self.cached
        fresh_tokens = prompt_tokens - cached_tokens
        return (fresh_tokens * self.prompt + cached_tokens * cached + completion_tokens * self.completion) / 1e6


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of `model`, or of its undated name (`gpt-4o` for `gpt-4o-2024-08-06`); None if neither is listed."""
    return prices.get(model) or prices.get(_DATED.sub("", model))


@dataclass(frozen=True, slots=True)
class Access:
    """Passed to every `LanguageModel`; the catalog dataset `language_models` provides one.

    Attributes:
        api_key: The key, hidden in text forms of this object; None for servers without keys.
        prices: Prices by model.
        cache: Folder for answers; None to disable the cache.
        prompts: Prompts of teachers, by "environment/name".
        replicas: Servers that answer instead of the one at `base_url`.
        patience: Seconds to wait for a replica when none answers.
    """

    api_key: SecretStr | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    cache: Path | None = None
    prompts: Mapping[str, str] = field(default_factory=dict, repr=False)
    replicas: tuple[Replica, ...] = ()
    patience: float = 0.0
