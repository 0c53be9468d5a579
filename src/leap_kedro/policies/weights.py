"""Weights of a Llama-family model, laid out for the inference engine.

Query, key and value projections form one matrix, and so do gate and up projections. The scales of norms are folded into
the following matrices. Query and key rows are reordered so that the two numbers that a rotary embedding rotates are
adjacent, and the rotation is one product of complex numbers. The logits do not change. The tensors are copies: memory
contains both as long as the model exists.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "smollm3")
_STATIC_ROTARY = ("default", "linear", "llama3", "yarn")


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One decoder layer; matrices are (out, in).

    Families differ in two attributes: `head_scale` (query and key heads, head size) is the scale of the norms of single
    heads in Qwen3; `rotates` is false in layers of SmolLM3 without rotary embedding.
    """

    query_key_value: Tensor
    query_key_value_bias: Tensor | None
    attention_out: Tensor
    attention_out_bias: Tensor | None
    gate_up: Tensor
    gate_up_bias: Tensor | None
    down: Tensor
    down_bias: Tensor | None
    head_scale: Tensor | None = None
    rotates: bool = True


@dataclass(frozen=True, slots=True)
class DecoderWeights:
    """A whole model.

    Attributes:
        layers: The decoder layers.
        embedding: Input embeddings (vocabulary, hidden).
        head: Output embeddings with the scale of the last norm (vocabulary, hidden).
        rotations: Rotary embedding by position (positions, head size / 2), complex.
        heads: Number of query heads.
        key_value_heads: Number of key and value heads.
        head_size: Width of a head.
        norm_eps: Epsilon of the norms.
        activation: Activation of the gate.
    """

    layers: tuple[LayerWeights, ...]
    embedding: Tensor
    head: Tensor
    rotations: Tensor
    heads: int
    key_value_heads: int
    head_size: int
    norm_eps: float
    activation: Any


def is_supported(config: Any) -> bool:
    """Whether the engine supports models of this transformers configuration.

    It supports the Llama family without quantization, with full attention in every layer and with rotary frequencies
    that do not change with the length.
    """
    quantized = getattr(config, "quantization_config", None) is not None
    sliding = getattr(config, "sliding_window", None) is not None and getattr(config, "use_sliding_window", True)
    rotary = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    return config.model_type in _FAMILIES and not quantized and not sliding and rotary in _STATIC_ROTARY


@torch.inference_mode()
def extract_weights(model: Any) -> DecoderWeights:
    """Copy the weights of a transformers causal LM for which `is_supported`."""
    config = model.config
    heads, key_value_heads = config.num_attention_heads, config.num_key_value_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // heads
    positions = torch.arange(config.max_position_embeddings, device=model.device)[None]
    cosines, sines = model.model.rotary_emb(torch.zeros(1, device=model.device), positions)
    half = head_size // 2
    return DecoderWeights(
        layers=tuple(_layer(layer, head_size) for layer in model.model.layers),
        embedding=model.get_input_embeddings().weight.detach(),
        head=_scaled(model.get_output_embeddings().weight, model.model.norm.weight),
        rotations=torch.complex(cosines[0, :, :half].float(), sines[0, :, :half].float()),
        heads=heads,
        key_value_heads=key_value_heads,
        head_size=head_size,
        norm_eps=config.rms_norm_eps,
        activation=model.model.layers[0].mlp.act_fn,
    )


def _layer(layer: Any, head_size: int) -> LayerWeights:
    attention, mlp = layer.self_attn, layer.mlp
    query, key = (_interleaved(part.weight, head_size) for part in (attention.q_proj, attention.k_proj))
    biases = [attention.q_proj.bias, attention.k_proj.bias, attention.v_proj.bias]
    if biases[0] is not None:
        biases[:2] = [_interleaved(bias, head_size) for bias in biases[:2]]
    return LayerWeights(
        query_key_value=_scaled(torch.cat((query, key, attention.v_proj.weight)), layer.input_layernorm.weight),
        query_key_value_bias=None if biases[0] is None else torch.cat(biases),
        attention_out=attention.o_proj.weight.detach(),
        attention_out_bias=attention.o_proj.bias,
        gate_up=_scaled(torch.cat((mlp.gate_proj.weight, mlp.up_proj.weight)), layer.post_attention_layernorm.weight),
        gate_up_bias=None if mlp.gate_proj.bias is None else torch.cat((mlp.gate_proj.bias, mlp.up_proj.bias)),
        down=mlp.down_proj.weight.detach(),
        down_bias=mlp.down_proj.bias,
        head_scale=_head_scale(attention, head_size),
        rotates=bool(getattr(attention, "use_rope", True)),
    )


def _head_scale(attention: Any, head_size: int) -> Tensor | None:
    if not hasattr(attention, "q_norm"):
        return None
    norms = (attention.q_norm, attention.q_proj), (attention.k_norm, attention.k_proj)
    scales = [norm.weight.repeat(projection.out_features // head_size, 1) for norm, projection in norms]
    return _interleaved(torch.cat(scales).flatten(), head_size).view(-1, head_size)


def _interleaved(rows: Tensor, head_size: int) -> Tensor:
    """Rows (heads x head size, ...) with the two halves of each head interleaved."""
    halves = rows.view(-1, 2, head_size // 2, *rows.shape[1:])
    return halves.transpose(1, 2).reshape(rows.shape)


def _scaled(matrix: Tensor, scale: Tensor) -> Tensor:
    """The matrix (out, in) that acts on unscaled inputs as `matrix` does on scaled ones."""
    return (matrix.float() * scale.float()).to(matrix.dtype)
