"""Estimates of the memory and time of a training on a GPU, from shapes alone: nothing is run.

Counts of parameters are exact. Operations are those of the matrix products and of dense attention (a tree mask skips
nothing), 2 for a multiplication and an addition; a test compares them with PyTorch's own counter. Memory counts what
must be held at the peak of a step; what an allocator loses, a few per cent, is not in it.

Not covered: several GPUs that share one model (FSDP), quantized weights, mixtures of experts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning

GIB = 1 << 30

_ADAMW = 2 * 4
"""Bytes of AdamW's two moments of a number."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a Llama-family model.

    Attributes:
        hidden: Width.
        layers: Decoder layers.
        intermediate: Width of the gated MLP.
        heads: Query heads.
        key_value_heads: Key and value heads.
        head_size: Numbers a head.
        vocabulary: Tokens.
        tied: Whether input and output embeddings are the same.
    """

    hidden: int
    layers: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    tied: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "ModelShape":
        """The shape that a `config.json` describes."""
        heads = int(config["num_attention_heads"])
        return cls(
            hidden=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            intermediate=int(config["intermediate_size"]),
            heads=heads,
            key_value_heads=int(config.get("num_key_value_heads") or heads),
            head_size=int(config.get("head_dim") or config["hidden_size"] // heads),
            vocabulary=int(config["vocab_size"]),
            tied=bool(config.get("tie_word_embeddings", False)),
        )

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """In and out size of each matrix of a layer, by the name of its module."""
        queries, keys = self.heads * self.head_size, self.key_value_heads * self.head_size
        return {
            "q_proj": (self.hidden, queries),
            "k_proj": (self.hidden, keys),
            "v_proj": (self.hidden, keys),
            "o_proj": (queries, self.hidden),
            "gate_proj": (self.hidden, self.intermediate),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }

    @property
    def layer_weights(self) -> int:
        """Numbers in the matrices of one layer."""
        return sum(wide * high for wide, high in self.matrices.values())

    @property
    def weights(self) -> int:
        """Numbers of the whole model."""
        norms = (2 * self.layers + 1) * self.hidden
        return self.layers * self.layer_weights + norms + (1 if self.tied else 2) * self.vocabulary * self.hidden

    def adapter_weights(self, rank: int, targets: str | Sequence[str]) -> int:
        """Numbers of a LoRA adapter."""
        chosen = self.matrices if targets == "all-linear" else targets
        return self.layers * sum(rank * sum(self.matrices[name]) for name in chosen)


LLAMA_3_8B = ModelShape(4096, 32, 14336, 32, 8, 128, 128256, tied=False)


@dataclass(frozen=True, slots=True)
class Load:
    """What of a training is on the GPU at once, and in all.

    Attributes:
        length: Tokens of the longest sequence.
        width: Sequences that are worked on together.
        predictions: Predictions of the part of a batch that has the most of them.
        tokens: Tokens of one pass.
        squares: Sum over its sequences of the square of their length.
        total_predictions: Predictions of one pass.
    """

    length: int
    width: int
    predictions: int
    tokens: int
    squares: int
    total_predictions: int

    @classmethod
    def of(cls, packs: Sequence[Packed], width: int = 1) -> "Load":
        """The load of sequences that are worked on `width` at a time."""
        lengths = [len(packed) for packed in packs]
        predictions = sorted((len(packed.sources) for packed in packs), reverse=True)
        return cls(
            length=max(lengths),
            width=width,
            predictions=sum(predictions[:width]),
            tokens=sum(lengths),
            squares=sum(length * length for length in lengths),
            total_predictions=sum(predictions),
        )

    def scaled(self, times: float) -> "Load":
        """The same sequences, so many times as many."""
        return Load(
            self.length,
            self.width,
            self.predictions,
            round(self.tokens * times),
            round(self.squares * times),
            round(self.total_predictions * times),
        )


def training_memory(shape: ModelShape, load: Load, parameters: FineTuning) -> dict[str, int]:
    """Bytes by what holds them, on a GPU that holds the whole model.

    Args:
        shape: The model.
        load: What is worked on at once.
        parameters: LoRA, checkpointing and number format (``auto`` is bfloat16, as on a GPU).
    """
    bf16 = parameters.dtype != "float32"
    number = 2 if bf16 else 4
    tokens = load.width * load.length
    frozen = shape.weights * number if parameters.lora else 0
    trained = _trained(shape, parameters)
    kept = (shape.layers + 1) * tokens * shape.hidden * number
    inside = tokens * _inside_a_layer(shape, parameters, number)
    checkpointed = parameters.gradient_checkpointing
    return {
        "frozen weights": frozen,
        "trained weights": trained * 4,
        "their copies in bfloat16": trained * 2 if bf16 and not parameters.lora else 0,
        "their gradients": trained * 4,
        "AdamW": trained * _ADAMW,
        "activations kept for the backward pass": kept if checkpointed else kept + (shape.layers - 1) * inside,
        "activations inside one layer": inside,
        "attention mask": load.width * load.length**2 * (1 + number),
        # As computed, in float32, and its gradient in both formats.
        "logits of the predictions": load.predictions * shape.vocabulary * (2 * number + 8),
    }


def _trained(shape: ModelShape, parameters: FineTuning) -> int:
    lora = parameters.lora
    return shape.adapter_weights(lora.rank, lora.targets) if lora else shape.weights


def _inside_a_layer(shape: ModelShape, parameters: FineTuning, number: int) -> int:
    """Bytes a token that one layer's backward pass reads.

    Queries, keys, values and output of attention (by one of the kernels that keep no scores; keys and values are
    repeated for each query head); the gated MLP's three factors; what the norms read, in float32; the inputs of
    matrices that are trained or have an adapter.
    """
    lora = parameters.lora
    everywhere = lora is None or lora.targets == "all-linear"
    attention = 4 * shape.heads * shape.head_size + shape.hidden
    mlp = 3 * shape.intermediate + (shape.intermediate + shape.hidden if everywhere else 0)
    norms = 2 * shape.hidden * (4 + (number if lora is None else 0))
    return number * (attention + mlp) + norms


def training_operations(shape: ModelShape, load: Load, parameters: FineTuning) -> float:
    """Floating-point operations of one pass over the data.

    Forward once, and again if activations are recomputed; backward once for the inputs of each matrix and, where it
    is trained, once for itself. An adapter's own part is small (rank / width) and counted.
    """
    lora = parameters.lora
    again = 1 if parameters.gradient_checkpointing else 0
    matrices = 2.0 * shape.layers * shape.layer_weights * load.tokens
    head = 2.0 * shape.hidden * shape.vocabulary * load.total_predictions
    attention = 4.0 * shape.layers * shape.heads * shape.head_size * load.squares
    passes = 2 if lora else 3
    adapter = 2.0 * _trained(shape, parameters) * load.tokens * (3 + again) if lora else 0.0
    return matrices * (passes + again) + head * passes + attention * (3 + again) + adapter


@dataclass(frozen=True, slots=True)
class GPU:
    """A GPU, by its data sheet.

    Attributes:
        name: Its name.
        memory: Bytes.
        operations: Dense bfloat16 operations a second.
        bandwidth: Bytes a second from its memory.
    """

    name: str
    memory: float
    operations: float
    bandwidth: float


GPUS = (
    GPU("RTX A6000", 48e9, 155e12, 768e9),
    GPU("A100 80 GB", 80e9, 312e12, 2039e9),
    GPU("H100 SXM", 80e9, 989e12, 3350e9),
)
"""Data sheet figures, dense (without structured sparsity); the A6000 is the paper's."""
