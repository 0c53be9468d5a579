"""A student with the architecture and tokenizer of the base, and few random weights."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leap_kedro.policies.folder import PolicyFolderError, load_config, load_tokenizer, save_policy
from leap_kedro.records import UserError
from leap_kedro.records.errors import in_one_line

logger = logging.getLogger(__name__)

_SMALL: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
"""Sizes of the stand-in, if the architecture has a size of that name."""

_VOCABULARY = 2000
"""Size of the tokenizer that is trained if there is no base."""

_LLAMA_3_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_LLAMA_3_SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
_LLAMA_3_CONTEXT = 8192


class UnusableBase(UserError):
    """The folder of the base exists but cannot be used."""


def write_stand_in(base: Path, folder: Path, texts: Sequence[str], seed: int) -> bool:
    """Write a small random student to `folder`.

    Args:
        base: Folder of the model that it replaces. Without such a folder it is like Llama 3, with a tokenizer that is
            trained on `texts`.
        folder: Where to write it.
        texts: Some texts of the environment.
        seed: Seed of its weights.

    Returns:
        Whether the base was found.

    Raises:
        UnusableBase: If the base's files are broken; the message names parameter and folder.
    """
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    there = (base / "config.json").is_file()
    config, tokenizer = _of_base(base) if there else _like_llama_3(texts)
    try:
        model = _small(config, seed)
    except Exception as error:  # the sizes of some architectures depend on each other in their own ways
        logger.warning(
            "%s cannot be made small (%s); a small Llama with the tokenizer of the base replaces it in this rehearsal",
            type(config).__name__.removesuffix("Config"),
            in_one_line(error),
        )
        model = _small(_llama(len(tokenizer)), seed)
    save_policy(model.float(), tokenizer, folder)
    return there


def read_config(base: Path) -> Mapping[str, Any] | None:
    """The base's `config.json`; None if there is none."""
    try:
        found: Mapping[str, Any] = json.loads((base / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _unusable(base, error) from error
    return found


def _of_base(base: Path) -> tuple[Any, Any]:
    try:
        config, tokenizer = load_config(base), load_tokenizer(base)
    except PolicyFolderError as error:
        raise _unusable(base, error) from error
    config.vocab_size = max(config.vocab_size, len(tokenizer))
    return config, tokenizer


def _small(config: Any, seed: int) -> Any:
    """A model with random weights that computes; any exception means that this architecture cannot be made so small."""
    import torch
    from transformers import AutoModelForCausalLM

    for name, value in _SMALL.items():
        if getattr(config, name, None) is not None:
            setattr(config, name, min(value, getattr(config, name)))
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[: config.num_hidden_layers]
    torch.manual_seed(seed)
    model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    with torch.inference_mode():
        model.eval()(torch.arange(8)[None])
    return model.train()


def _unusable(base: Path, error: Exception) -> UnusableBase:
    return UnusableBase(
        f"`bootstrap.base` is {base}, but its config or tokenizer cannot be read: {type(error).__name__}: {error}. "
        "Give the folder of a Hugging Face causal LM."
    )


def _like_llama_3(texts: Sequence[str]) -> tuple[Any, Any]:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    byte_level = Tokenizer(models.BPE())
    byte_level.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    byte_level.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=_VOCABULARY, initial_alphabet=alphabet, show_progress=False)
    byte_level.train_from_iterator(texts, trainer)
    first, last, *others = _LLAMA_3_SPECIAL
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=byte_level, bos_token=first, eos_token=last, additional_special_tokens=others
    )
    tokenizer.chat_template = _LLAMA_3_TEMPLATE
    return _llama(len(tokenizer)), tokenizer


def _llama(vocabulary: int) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(**_SMALL, vocab_size=vocabulary, max_position_embeddings=_LLAMA_3_CONTEXT)
