"""Models of the Hugging Face Hub, named ORG/NAME or ORG/NAME@REVISION, from the local cache or downloaded.

Configuration, tokenizer, chat template and safetensors are fetched, never code or pickles. Cache, endpoint and token
are those of huggingface_hub (`HF_HOME`, `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_TOKEN`, `hf auth login`).
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leap_kedro.records import UserError
from leap_kedro.records.errors import in_one_line

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_DESCRIPTION = (
    *("config.json", "generation_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt"),
    *("chat_template.json", "chat_template.jinja", "additional_chat_templates/*.jinja"),
)
_WEIGHTS = ("model*.safetensors", "model*.safetensors.index.json")
_LISTED = 8  # files of a repository, in a message


class ModelNotFetched(UserError):
    """A model of the Hub cannot be fetched or used."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model of the Hub.

    Attributes:
        name: ORG/NAME.
        revision: Commit, branch or tag; None: the newest commit of ``main``.
    """

    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name

    @property
    def command(self) -> str:
        """The command that fetches it."""
        return f"hf download {self.name}" + (f" --revision {self.revision}" if self.revision else "")


def hub_model(reference: str) -> HubModel | None:
    """The model of the Hub that a reference names; None if it names a folder. An existing folder takes precedence."""
    name, _, revision = reference.partition("@")
    if not _NAME.fullmatch(name) or os.path.isdir(reference):  # false for a name that is too long for a path
        return None
    return HubModel(name, revision or None)


def local_folder(reference: str) -> Path:
    """The folder that a reference names: a folder, or the cached snapshot of a model of the Hub.

    Raises:
        ModelNotFetched: If there is no such model, or it cannot be downloaded.
        PolicyFolderError: If it cannot be loaded or prompted, which is checked before weights are downloaded.
    """
    model = hub_model(reference)
    return fetch(model) if model else Path(reference).expanduser()


def fetch(model: HubModel, *, weights: bool = True) -> Path:
    """The folder of a model in the local cache, named after its commit; what is missing of it is downloaded.

    Args:
        model: The model.
        weights: Whether its weights are fetched, too.

    Raises:
        ModelNotFetched: If there is no such model, it has no safetensors, or it cannot be downloaded.
        PolicyFolderError: If it cannot be loaded or prompted, which is checked before weights are downloaded.
    """
    from leap_kedro.policies.preflight import check_policy

    folder = _download(model, _DESCRIPTION)
    model = replace(model, revision=folder.name)
    if not (folder / "config.json").is_file():
        raise _unusable(model, "no config.json", "It is not a transformers model, or only an adapter or a conversion.")
    if not weights:
        return folder
    if not any(folder.glob("*.safetensors")):
        check_policy(folder, weights=False)
    _download(model, [*_DESCRIPTION, *_WEIGHTS])
    if not any(folder.glob("*.safetensors")):
        hint = "Pickles can run code and are not read: convert it where you trust it, with `save_pretrained`."
        raise _unusable(model, "no weights as model*.safetensors", hint)
    return folder


def _download(model: HubModel, patterns: Sequence[str]) -> Path:
    from huggingface_hub import get_cached_repo_tree, snapshot_download
    from huggingface_hub.errors import CachedRepoTreeNotFoundError, LocalEntryNotFoundError

    wanted: dict[str, Any] = {"revision": model.revision, "allow_patterns": list(patterns)}
    with _failures(model):
        if model.revision:
            try:  # A complete snapshot needs no network, and no progress bar.
                get_cached_repo_tree(model.name, revision=model.revision)
                return Path(snapshot_download(model.name, local_files_only=True, **wanted))
            except (CachedRepoTreeNotFoundError, LocalEntryNotFoundError):
                pass
        return Path(snapshot_download(model.name, **wanted))


@contextmanager
def _failures(model: HubModel) -> Iterator[None]:
    """Turn errors of huggingface_hub into a `ModelNotFetched` with the next command."""
    import httpx2
    from huggingface_hub import constants, errors

    hub = f"the Hugging Face Hub ({constants.ENDPOINT})"
    neither = f"'{model}' is not a folder here, and {hub}"
    login = "log in with `hf auth login` (or set HF_TOKEN)"
    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelNotFetched(
            f"The model {model.name} is gated: accept its conditions at {constants.ENDPOINT}/{model.name}, {login}, "
            "then run the same command again."
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise ModelNotFetched(
            f"{neither} has no model {model.name} that you may read. Correct the name or give the path of a folder; "
            f"if the model is private, {login}."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelNotFetched(f"The model {model.name} has no revision '{model.revision}' in {hub}.") from error
    except errors.LocalEntryNotFoundError as error:
        why = "is not asked (HF_HUB_OFFLINE is set)" if constants.HF_HUB_OFFLINE else "cannot be reached"
        raise ModelNotFetched(
            f"{neither} {why}; the local cache {constants.HF_HUB_CACHE} does not have all of it. Fetch it where the "
            f"Hub can be reached:  {model.command}"
        ) from error
    except (httpx2.HTTPError, errors.HfHubHTTPError) as error:
        raise ModelNotFetched(
            f"The model {model} cannot be downloaded from {hub}: {in_one_line(error)}. "
            f"Try again, or fetch it by hand:  {model.command}"
        ) from error


def _unusable(model: HubModel, lack: str, hint: str) -> ModelNotFetched:
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        files = [file.path for file in get_cached_repo_tree(model.name, revision=model.revision)]
    except CachedRepoTreeNotFoundError:
        files = []
    some = ", ".join(files[:_LISTED]) + (", ..." if len(files) > _LISTED else "")
    listed = f" (it has {some})" if files else ""
    return ModelNotFetched(f"The model {model} of the Hugging Face Hub cannot be used: it has {lack}{listed}. {hint}")
