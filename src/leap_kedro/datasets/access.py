"""Access to language models, as a catalog dataset.

The hook `CredentialsHooks` sets the key. Kedro's `credentials:` of a catalog entry would fail without credentials, and
most users have none, because the default teacher needs none.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from kedro.io import AbstractDataset
from pydantic import SecretStr, TypeAdapter, ValidationError

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.prompts import read_prompts
from leap_kedro.language_models import Access, Price

CREDENTIALS = "openai"
"""Name of the entry in credentials.yml."""

VARIABLE = "OPENAI_API_KEY"
"""Environment variable with the key, if credentials.yml has none."""

_PLACE = "conf/local/credentials.yml"


class AccessDataset(AbstractDataset[Any, Access]):
    """An `Access`, with the key from credentials.yml or the environment variable. Read-only."""

    def __init__(
        self,
        prices: Mapping[str, str],
        cache: Mapping[str, str] | None = None,
        prompts: Sequence[str] = (),
        environment: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Describe the places.

        Args:
            prices: ``filepath`` of the YAML file with the prices (Kedro makes paths of this name absolute).
            cache: ``path`` of the folder of cached answers; None: no cache.
            prompts: Folders with prompts of teachers, see `read_prompts`.
            environment: The environment in use.
            metadata: For Kedro plugins.
        """
        self._prices = Path(prices["filepath"])
        self._cache = Path(cache["path"]) if cache else None
        self._prompts = [Path(folder) for folder in prompts]
        self._environment = environment
        self._key: SecretStr | None = None
        self.metadata = metadata

    def take(self, credentials: Mapping[str, Any]) -> None:
        """Take the key from the credentials of the project.

        Raises:
            StorageError: If there is an entry `openai` of another form than ``{api_key: ...}``.
        """
        entry = credentials.get(CREDENTIALS)
        if entry is None:
            return
        key = entry.get("api_key") if isinstance(entry, Mapping) and set(entry) <= {"api_key"} else 0
        if key is not None and not isinstance(key, str):
            raise StorageError(f"The entry `{CREDENTIALS}` of {_PLACE} must be:  {CREDENTIALS}: {{api_key: YOUR_KEY}}")
        self._key = SecretStr(key.strip()) if key and key.strip() else None

    def load(self) -> Access:
        """Key, prices, cache and prompts. Raises `StorageError` if the prices or the key are malformed."""
        variable = os.environ.get(VARIABLE, "").strip()
        key = self._key or (SecretStr(variable) if variable else None)
        if key and not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
            place = f"`{CREDENTIALS}` of {_PLACE}" if self._key else f"the variable {VARIABLE}"
            raise StorageError(f"The key in {place} has characters that keys do not have: copy it again.")
        prices, prompts = read_prices(self._prices), read_prompts(self._prompts, self._environment)
        return Access(api_key=key, prices=prices, cache=self._cache, prompts=prompts)

    def save(self, data: Any) -> None:
        """Not possible: the dataset is read-only."""
        raise NotImplementedError("Access to language models is read-only.")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"prices": str(self._prices), "cache": str(self._cache)}


def read_prices(path: Path) -> dict[str, Price]:
    """Model -> price.

    Raises:
        StorageError: If the file is missing or malformed.
    """
    form = "each line must be:  MODEL: {prompt: DOLLARS, completion: DOLLARS}, per million tokens"
    try:
        return TypeAdapter(dict[str, Price]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except FileNotFoundError as error:
        raise StorageError(f"{path} does not exist: restore it; it may be empty.") from error
    except (yaml.YAMLError, ValidationError) as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) if isinstance(error, ValidationError) else "the YAML"
        raise StorageError(f"{path}: {where} is wrong; {form}.") from error
