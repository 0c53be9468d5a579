"""What language models need from outside the parameters: the key, prices, the folder of the cache, prompts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from leap_kedro.language_models.prices import Price


@dataclass(frozen=True, slots=True)
class Access:
    """Passed to every `LanguageModel`; the catalog dataset `language_models` is one.

    Attributes:
        api_key: The key; None for servers that want none. It shows in no text form of this object.
        prices: Model -> price.
        cache: Folder of the answers; None: answers are not kept.
        prompts: Prompts of teachers, by "environment/name".
    """

    api_key: SecretStr | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    cache: Path | None = None
    prompts: Mapping[str, str] = field(default_factory=dict, repr=False)
