"""The embedded student's model: a small Llama whose initial entity embeddings combine type and number."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

_TYPE_SHARE, _NUMBER_SHARE, _OWN_SHARE = 0.75, 0.55, 0.3


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model; the default has about 0.9M parameters."""

    hidden_size: int = 128
    layers: int = 4
    heads: int = 4
    intermediate_size: int = 352
    max_length: int = 2048


def build_model(tokenizer: Any, shape: Shape, seed: int) -> "LlamaForCausalLM":
    """A model with random weights.

    The initial embedding of "mug 2" is a combination of a vector for "mug", one for "2" and its own, so it is similar
    to that of "mug" before any training. Input and output embeddings are one matrix.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.hidden_size,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads,
            intermediate_size=shape.intermediate_size,
            max_position_embeddings=shape.max_length,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    weights: torch.Tensor = model.get_input_embeddings().weight.data  # type: ignore[assignment]
    numbers: dict[str, torch.Tensor] = {}
    ids = tokenizer.get_vocab()
    for token, index in sorted(ids.items(), key=lambda item: item[1]):
        parts = re.fullmatch(r"([a-z]+) (\d+)", token)
        if parts is None:
            continue
        kind, number = parts.groups()
        if number not in numbers:
            numbers[number] = torch.randn_like(weights[index]) * model.config.initializer_range
        weights[index] = (
            _TYPE_SHARE * weights[ids[kind]] + _NUMBER_SHARE * numbers[number] + _OWN_SHARE * weights[index]
        )
    return model
