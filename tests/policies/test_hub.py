"""Models of the Hugging Face Hub, downloaded by the real client from a server on this machine, and found offline."""

from pathlib import Path

import pytest
from hub_server import TOKEN, Hub

from leap_kedro.policies.folder import PolicyFolderError, load_policy
from leap_kedro.policies.hub import HubModel, ModelNotFetched, fetch, hub_model, local_folder

MODEL = HubModel("org/tiny")
MADE = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def moved(hub: Hub) -> str:
    """A new commit of `main`."""
    repository = hub.repositories["org/tiny"]
    return repository.commit(repository.commits[-1] | {"generation_config.json": b"{}"})


def test_a_reference_is_a_folder_or_a_model_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "there").mkdir(parents=True)
    assert hub_model("org/tiny") == HubModel("org/tiny")
    assert hub_model("org/tiny@refs/pr/1") == HubModel("org/tiny", "refs/pr/1")
    for folder in ("org/there", "tiny", "./org/tiny", "/org/tiny", "~/tiny", "data/models/tiny", "models:/x@y", "../x"):
        assert hub_model(folder) is None, folder
    assert local_folder("org/there") == Path("org/there")


def test_what_is_fetched_can_be_loaded_and_is_no_code(hub: Hub) -> None:
    folder = fetch(MODEL)
    assert set(hub.downloaded) == {path.name for path in folder.iterdir()} == MADE
    load_policy(folder)


def test_without_weights_only_the_description_is_fetched(hub: Hub) -> None:
    fetch(MODEL, weights=False)
    assert set(hub.downloaded) == MADE - {"model.safetensors"}


def test_a_commit_stays_the_same_when_main_moves_and_needs_no_network(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fetch(MODEL)
    newest = moved(hub)
    hub.requests.clear()
    assert fetch(HubModel("org/tiny", first.name)) == first
    assert hub.requests == []
    assert fetch(MODEL).name == newest != first.name
    offline(monkeypatch)
    assert fetch(HubModel("org/tiny", first.name)) == first
    assert fetch(MODEL).name == newest


def test_offline_and_not_cached_is_told_with_the_command_that_fetches_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(MODEL, weights=False)
    offline(monkeypatch)
    with pytest.raises(ModelNotFetched, match=r"HF_HUB_OFFLINE.*hf download org/tiny --revision [0-9a-f]{40}$"):
        fetch(MODEL)
    with pytest.raises(ModelNotFetched, match=r"'org/other@v1' is not a folder.*hf download org/other --revision v1$"):
        local_folder("org/other@v1")


def test_a_hub_that_cannot_be_reached(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelNotFetched, match=r"http://127\.0\.0\.1:9\) cannot be reached.*hf download org/tiny$"):
        fetch(MODEL)


def test_an_unknown_model_and_an_unknown_revision(hub: Hub) -> None:
    with pytest.raises(ModelNotFetched, match=r"'data/models' is not a folder.*no model data/models.*hf auth login"):
        local_folder("data/models")
    with pytest.raises(ModelNotFetched, match="no revision 'v2'"):
        local_folder("org/tiny@v2")


def test_a_gated_model_needs_a_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories["org/tiny"].gated = True
    with pytest.raises(ModelNotFetched, match=rf"gated: accept its conditions at {hub.url}/org/tiny.*hf auth login"):
        fetch(MODEL)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert (fetch(MODEL) / "model.safetensors").is_file()


def test_a_model_without_safetensors(hub: Hub) -> None:
    repository = hub.repositories["org/tiny"]
    repository.commit({path: text for path, text in repository.commits[0].items() if path != "model.safetensors"})
    with pytest.raises(ModelNotFetched, match=r"no weights as model\*\.safetensors \(it has .*Pickles"):
        fetch(MODEL)
    repository.commit({"adapter_config.json": b"{}", "adapter_model.safetensors": b""})
    with pytest.raises(ModelNotFetched, match=r"no config\.json \(it has adapter_config\.json.*only an adapter"):
        fetch(MODEL)


def test_a_model_that_transformers_does_not_have_is_refused_before_its_weights_are_fetched(hub: Hub) -> None:
    repository = hub.repositories["org/tiny"]
    repository.commit(repository.commits[0] | {"config.json": b'{"model_type": "mine"}'})
    with pytest.raises(PolicyFolderError, match="mine"):
        fetch(MODEL)
    assert "model.safetensors" not in hub.downloaded
