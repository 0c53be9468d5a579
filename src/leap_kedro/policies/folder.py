"""Loads and saves policy folders in the format of transformers.

Only safetensors are read, and code from a folder is never run. Every failure is a `PolicyFolderError`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leap_kedro.policies.processor import loaded_dtype
from leap_kedro.records import UserError
from leap_kedro.records.atomic import replaced_folder
from leap_kedro.records.errors import in_one_line

_PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")
_PARTS = {
    "config.json": "config.json",
    "weights (*.safetensors)": "*.safetensors",
    "tokenizer_config.json": "tokenizer_config.json",
}


class PolicyFolderError(UserError):
    """A folder does not contain a usable policy; the message names the folder and the missing or damaged part."""


def load_policy(folder: Path, dtype: str = "auto", device: str = "auto") -> tuple[Any, Any]:
    """Model (in evaluation mode) and tokenizer of a folder; for `dtype`, see `loaded_dtype`.

    Raises:
        PolicyFolderError: If the folder or a part of it is missing or damaged.
    """
    check_parts(folder)
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = load_tokenizer(folder)
    return load_model(folder, dtype=loaded_dtype(load_config(folder), dtype, device)).to(device).eval(), tokenizer


def load_config(folder: Path) -> Any:
    """The configuration of a folder's model. Raises `PolicyFolderError` if it cannot be read."""
    from transformers import AutoConfig

    hint = "Give the folder of a causal language model that transformers has"
    with _silent(), _damage(folder, "its config.json", hint):
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)


def context_of(config: Any) -> int | None:
    """Number of tokens of prompt and reply together that a model of this configuration can read; None: any number."""
    text = config.get_text_config()
    found = getattr(text, "max_position_embeddings", None) or getattr(text, "max_seq_len", None)  # MPT's name
    return None if found is None else int(found)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder. Raises `PolicyFolderError` if it cannot be read."""
    from transformers import AutoTokenizer

    hint = "Put the files of its tokenizer there: tokenizer.json, tokenizer_config.json"
    with _silent(), _damage(folder, "its tokenizer", hint):
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def load_model(folder: Path, **options: Any) -> Any:
    """The causal LM of a folder; on the device ``meta`` only shapes are loaded, not weights.

    Args:
        folder: The folder.
        options: Further arguments of `from_pretrained`.

    Raises:
        PolicyFolderError: If the weights cannot be read, or do not fit the configuration.
    """
    from transformers import AutoModelForCausalLM

    with _silent(), _damage(folder, "its weights", "Copy or download the whole folder again"):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **options,
        )
    model, found = loaded
    unfit = sorted({*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])})
    if unfit:
        needed, saved = type(model).__name__, ", ".join(getattr(model.config, "architectures", None) or [])
        hint = "Copy or download the whole folder again"
        if saved and needed not in saved:
            hint = f"It has a {saved}, but the student is a {needed}: use the language model that it was made from"
        raise PolicyFolderError(
            f"The weights in {folder} do not fit its config.json; missing or of another shape: {', '.join(unfit[:5])}. "
            f"{hint}."
        )
    return model


def save_policy(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write model and tokenizer as a transformers folder, completely or not at all; replaces an existing folder."""
    with replaced_folder(folder) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)


def check_parts(folder: Path) -> None:
    """Check that a policy folder has all its parts, without reading them.

    Raises:
        PolicyFolderError: If the folder or a part of it is missing.
    """
    if not folder.is_dir():
        raise PolicyFolderError(f"There is no policy folder {folder}; train a policy first or name another folder.")
    if missing := missing_parts(folder):
        raise PolicyFolderError(
            f"The policy folder {folder} is incomplete, it lacks: {', '.join(missing)}.{instead_of_policy(folder)}"
        )


def missing_parts(folder: Path) -> list[str]:
    """Names of the parts that a folder lacks to be a policy."""
    return [name for name, pattern in _PARTS.items() if not any(folder.glob(pattern))]


def instead_of_policy(folder: Path) -> str:
    """How to convert the files that a folder has instead of a policy; "" if they are not recognized."""
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        return " It contains only an adapter: merge it (PEFT's `merge_and_unload`), and save model and tokenizer."
    pickled = next((each.name for kind in _PICKLES for each in sorted(folder.glob(kind))), None)
    if pickled and not any(folder.glob("*.safetensors")):
        return (
            f" {pickled} is a pickle, which can run code and is not read: load the model where you trust it, and save "
            "it with `save_pretrained`, which writes safetensors."
        )
    return ""


def has_weights(folder: Path) -> bool:
    """Whether a folder has weights, including those in formats that are not read."""
    return any(any(folder.glob(kind)) for kind in ("*.safetensors", *_PICKLES))


@contextmanager
def _damage(folder: Path, part: str, hint: str) -> Iterator[None]:
    """Turn any exception in the block into a `PolicyFolderError`."""
    try:
        yield
    except Exception as error:
        if "trust_remote" in str(error):
            hint = "Code from a folder is never run: use a model that transformers has"
        first_line = in_one_line(error).rstrip(" .:")
        raise PolicyFolderError(
            f"The policy folder {folder} cannot be loaded, {part} cannot be read: {first_line}. {hint}."
        ) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Disable progress bars and log messages of transformers."""
    from transformers.utils import logging as transformers_logging

    switch: Any = transformers_logging
    shown, verbosity = switch.is_progress_bar_enabled(), switch.get_verbosity()
    switch.disable_progress_bar()
    switch.set_verbosity(switch.CRITICAL)
    try:
        yield
    finally:
        switch.set_verbosity(verbosity)
        if shown:
            switch.enable_progress_bar()
