"""Key, prices, cache and prompts of language models, from the catalog of the project."""

from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, DatasetError

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.datasets.access import AccessDataset, read_prices
from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.prompts import read_prompts
from leap_kedro.hooks import CredentialsHooks
from leap_kedro.language_models import Price
from leap_kedro.settings import CONFIG_LOADER_ARGS

ROOT = Path(__file__).resolve().parents[2]
CANARY = "sk-canary-0123456789abcdef"


@pytest.fixture(scope="module")
def entry() -> dict[str, Any]:
    """The entry of the catalog."""
    entry: dict[str, Any] = LeapConfigLoader(ROOT / "conf", **CONFIG_LOADER_ARGS)["catalog"]["language_models"]
    return entry


@pytest.fixture
def catalog(entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> DataCatalog:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return DataCatalog.from_config({"language_models": entry})


def key_of(catalog: DataCatalog) -> str | None:
    key = catalog.load("language_models").api_key
    return key.get_secret_value() if key else None


def test_without_credentials_there_is_no_key(catalog: DataCatalog) -> None:
    CredentialsHooks().after_catalog_created(catalog, {})

    access = catalog.load("language_models")
    assert access.api_key is None
    assert access.cache == Path("data/09_cache/language_models")
    assert access.prices["gpt-4o"] == Price(prompt=2.5, cached=1.25, completion=10.0)
    assert access.prompts == read_prompts([])


def test_the_key_is_that_of_credentials_yml_else_that_of_the_process(
    catalog: DataCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " from-process\n")
    CredentialsHooks().after_catalog_created(catalog, {"openai": {"api_key": ""}})
    assert key_of(catalog) == "from-process"

    CredentialsHooks().after_catalog_created(catalog, {"openai": {"api_key": CANARY}, "other": {"x": "y"}})
    assert key_of(catalog) == CANARY


def test_the_key_shows_in_no_text_form(catalog: DataCatalog) -> None:
    CredentialsHooks().after_catalog_created(catalog, {"openai": {"api_key": CANARY}})
    dataset = catalog.get("language_models")

    shown = [repr(dataset), str(dataset), repr(dataset._describe()), repr(catalog), repr(catalog.to_config())]
    assert CANARY not in "".join([*shown, repr(vars(dataset)), repr(dataset.load())])


@pytest.mark.parametrize("given", [CANARY, {"key": CANARY}, {"api_key": 12345678}, [CANARY]])
def test_credentials_of_another_form_are_refused_without_showing_them(catalog: DataCatalog, given: object) -> None:
    with pytest.raises(StorageError, match=r"`openai` of conf/local/credentials\.yml must be: .*api_key") as caught:
        CredentialsHooks().after_catalog_created(catalog, {"openai": given})
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("key", ["ключ", "two\nlines"])
def test_a_key_that_no_request_could_carry_is_refused_without_showing_it(catalog: DataCatalog, key: str) -> None:
    CredentialsHooks().after_catalog_created(catalog, {"openai": {"api_key": key}})
    with pytest.raises(DatasetError, match=r"`openai` of conf/local/credentials\.yml") as caught:
        catalog.load("language_models")
    assert key not in str(caught.value)


def test_a_catalog_without_the_entry_is_left_alone() -> None:
    CredentialsHooks().after_catalog_created(DataCatalog(), {"openai": {"api_key": CANARY}})


def test_nothing_is_saved_there() -> None:
    with pytest.raises(DatasetError):
        AccessDataset({"filepath": "prices.yml"}).save(None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gpt: 3", r"prices\.yml: gpt is wrong; each line must be"),
        ("gpt: {prompt: -1, completion: 2}", r"gpt\.prompt is wrong"),
        ("gpt: {prompt: 1}", r"gpt\.completion is wrong"),
        ("gpt: {", "the YAML is wrong"),
    ],
)
def test_wrong_prices_are_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "prices.yml"
    path.write_text(text)
    with pytest.raises(StorageError, match=said):
        read_prices(path)


def test_no_prices(tmp_path: Path) -> None:
    (tmp_path / "prices.yml").write_text("")
    assert read_prices(tmp_path / "prices.yml") == {}
    with pytest.raises(StorageError, match="does not exist"):
        read_prices(tmp_path / "others.yml")
