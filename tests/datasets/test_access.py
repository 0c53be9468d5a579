"""The key, the prices and the cache folder of language models, from the catalog."""

from pathlib import Path

import pytest
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog, DatasetError
from leap_kedro.session import LeapSession
from loop_project import LoopProject

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.datasets.access import AccessDataset, read_prices
from leap_kedro.datasets.errors import StorageError
from leap_kedro.hooks import CredentialsHooks
from leap_kedro.language_models import Access, Price

ROOT = Path(__file__).resolve().parents[2]
CANARY = "sk-canary-0123456789abcdef"


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> DataCatalog:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(ROOT)
    entries = LeapConfigLoader(ROOT / "conf", base_env="base", default_run_env="base")["catalog"]
    return DataCatalog.from_config({"language_models": entries["language_models"]})


def key_of(catalog: DataCatalog) -> str | None:
    key = catalog.load("language_models").api_key
    return key.get_secret_value() if key else None


def test_without_credentials_there_is_no_key(catalog: DataCatalog) -> None:
    CredentialsHooks().after_catalog_created(catalog, {})

    access = catalog.load("language_models")
    assert access.api_key is None
    assert access.cache == Path("data/09_cache/language_models")
    assert access.prices["gpt-4o"] == Price(prompt=2.5, cached=1.25, completion=10.0)


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


def test_conf_local_is_read_in_every_environment(
    finished_project: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    folder = finished_project.copy(tmp_path / "project").folder
    bootstrap_project(folder)

    def access(env: str | None) -> Access:
        with LeapSession.create(folder, env=env) as session:
            return session.load_context().catalog.load("language_models")

    assert access("test").api_key is None
    (folder / "conf/local/credentials.yml").write_text(f"openai: {{api_key: {CANARY}}}")
    keys = [access(env).api_key for env in (None, "test")]
    assert [key and key.get_secret_value() for key in keys] == [CANARY, CANARY]
    (folder / "conf/local/credentials.yml").unlink()
    without = access("test")
    assert without.api_key is None
    assert without.cache == folder / "data/09_cache/language_models"


@pytest.mark.parametrize("entry", [CANARY, {"key": CANARY}, {"api_key": 12345678}, [CANARY]])
def test_credentials_of_another_form_are_refused_without_showing_them(catalog: DataCatalog, entry: object) -> None:
    with pytest.raises(StorageError, match=r"`openai` of conf/local/credentials\.yml must be: .*api_key") as caught:
        CredentialsHooks().after_catalog_created(catalog, {"openai": entry})
    assert CANARY not in str(caught.value)


def test_a_catalog_without_the_entry_is_none_of_its_business() -> None:
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
