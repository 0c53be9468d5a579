"""Checks before a run that a folder's model can be loaded and prompted; only the headers of the weights are read.

Not covered: damaged bytes of the weights.
"""

from pathlib import Path
from typing import Any

from leap_kedro.policies.folder import PolicyFolderError, check_parts, load_config, load_model, load_tokenizer
from leap_kedro.prompts.renderer import Renderer
from leap_kedro.prompts.select import renderer_for
from leap_kedro.prompts.templates import UnusableChatTemplate
from leap_kedro.records import Turn

_DEQUANTIZED = "mxfp4"
"""Quantization (of GPT-OSS) that transformers can undo on loading."""


def check_policy(folder: Path, environment: str = "", *, weights: bool = True) -> None:
    """Check that a policy can be loaded and prompted.

    Args:
        folder: Its folder.
        environment: Registered name of the environment whose instructions are in its prompts; "" for none.
        weights: Whether the folder must have weights; if not, they are not checked.

    Raises:
        PolicyFolderError: If it cannot; the message names the folder and the cause.
    """
    if weights:
        check_parts(folder)
    config = load_config(folder)
    _check_architecture(folder, config)
    try:
        renderer = renderer_for(load_tokenizer(folder), environment)
    except UnusableChatTemplate as error:
        raise PolicyFolderError(f"The policy folder {folder} cannot be prompted: {error}") from error
    rows = config.get_text_config().vocab_size
    if weights:
        rows = load_model(folder, device_map="meta").get_input_embeddings().weight.shape[0]
    largest, token = _largest_id(renderer)
    if largest >= rows:
        raise PolicyFolderError(
            f"The policy folder {folder} cannot be used: its weights have {rows} tokens, fewer than its tokenizer, for "
            f"which {token!r} is token {largest}. Call `model.resize_token_embeddings(len(tokenizer))` and save both "
            "again, or use the tokenizer that belongs to the weights."
        )


def check_trainable(folder: Path) -> None:
    """Check that a model's weights are not quantized, since adapters are merged into them, or they are trained.

    Raises:
        PolicyFolderError: If they are.
    """
    quantization = getattr(load_config(folder), "quantization_config", None) or {}
    method = quantization.get("quant_method", "?") if isinstance(quantization, dict) else quantization.quant_method
    if quantization and method != _DEQUANTIZED:
        raise PolicyFolderError(
            f"The policy folder {folder} cannot be trained: its weights are quantized ({method}). Use the model that "
            "they were made from; to save memory, `fine_tuning.dtype` nf4 quantizes it during the training."
        )


def _check_architecture(folder: Path, config: Any) -> None:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, __version__

    architectures = getattr(config, "architectures", None) or []
    known: Any = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    # Transformers also has causal variants of encoders such as BERT, which their weights were not trained for.
    encodes = getattr(config, "is_decoder", None) is False or getattr(config, "is_encoder_decoder", False)
    if known is None or (encodes and architectures and known.__name__ not in architectures):
        named = ", ".join(architectures or [str(config.model_type)])
        raise PolicyFolderError(
            f"The policy folder {folder} cannot be used: {named} is not a causal language model of transformers "
            f"{__version__}. Use one that reads and writes only text, and that transformers has: code from a folder is "
            "never run (`trust_remote_code`)."
        )


def _largest_id(renderer: Renderer) -> tuple[int, str]:
    """The largest id in prompts and replies, where special tokens come only from the template and not from texts."""
    tokenizer = renderer.tokenizer
    turn = Turn("look", "You see.")
    prompt = [*renderer.opening("You see."), *renderer.turn(turn, "You see."), *renderer.branch()]
    written = {*prompt, *renderer.completion("I look.", "look", "You see."), *renderer.end_ids()}
    special = set(tokenizer.all_special_ids)
    found = {index: token for token, index in tokenizer.get_vocab().items() if index not in special or index in written}
    return max(found.items())
