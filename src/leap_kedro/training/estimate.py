"""Estimates the GPU memory and time of a training from shapes, without running it.

Parameter counts are exact. Operations are those of matrix products and dense attention (a tree mask skips nothing),
counting a multiplication and an addition as 2; a test compares them with PyTorch's counter. Memory is the peak of a
step, without the few per cent that an allocator loses.

Not covered: several GPUs that share one model (FSDP), mixtures of experts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.quantization import BYTES_PER_WEIGHT

GIB = 1 << 30

_ADAMW = 2 * 4
"""Bytes of the two moments that AdamW keeps per weight."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a Llama-family model; `intermediate` is the width of the gated MLP, `tied` concerns the embeddings."""

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
        """The shape described by a `config.json`."""
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
        """Input and output size of each matrix of a layer, by the name of its module."""
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
        """Number of weights in the matrices of one layer."""
        return sum(wide * high for wide, high in self.matrices.values())

    @property
    def weights(self) -> int:
        """Number of weights of the whole model."""
        norms = (2 * self.layers + 1) * self.hidden
        return self.layers * self.layer_weights + norms + (1 if self.tied else 2) * self.vocabulary * self.hidden

    def adapter_weights(self, rank: int, targets: str | Sequence[str]) -> int:
        """Number of weights of a LoRA adapter."""
        chosen = self.matrices if targets == "all-linear" else targets
        return self.layers * sum(rank * sum(self.matrices[name]) for name in chosen)


LLAMA_3_8B = ModelShape(4096, 32, 14336, 32, 8, 128, 128256, tied=False)


@dataclass(frozen=True, slots=True)
class Load:
    """The data of a training: what is on the GPU at once, and the totals of one pass.

    Attributes:
        length: Tokens of the longest sequence.
        width: Number of sequences processed together.
        predictions: Most predictions in one part of a batch.
        tokens: Tokens of one pass.
        squares: Sum of the squared sequence lengths of one pass.
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
        """The load of sequences that are processed `width` at a time."""
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
        """The load of `times` as many sequences of the same lengths."""
        return replace(
            self,
            tokens=round(self.tokens * times),
            squares=round(self.squares * times),
            total_predictions=round(self.total_predictions * times),
        )


def training_memory(shape: ModelShape, load: Load, parameters: FineTuning) -> dict[str, int]:
    """Bytes by purpose, on a GPU that holds the whole model.

    Args:
        shape: The model.
        load: The data processed at once.
        parameters: LoRA, checkpointing and number format (``auto`` and ``nf4`` compute in bfloat16, as on a GPU).
    """
    bf16 = parameters.dtype != "float32"
    number = 2 if bf16 else 4
    tokens = load.width * load.length
    trained = _trained(shape, parameters)
    kept = (shape.layers + 1) * tokens * shape.hidden * number
    inside = tokens * _inside_a_layer(shape, parameters, number)
    checkpointed = parameters.gradient_checkpointing
    return {
        "frozen weights": _frozen(shape, parameters, number),
        "trained weights": trained * 4,
        "their copies in bfloat16": trained * 2 if bf16 and not parameters.lora else 0,
        "their gradients": trained * 4,
        "AdamW": trained * _ADAMW,
        "activations kept for the backward pass": kept if checkpointed else kept + (shape.layers - 1) * inside,
        "activations inside one layer": inside,
        "attention mask": load.width * load.length**2 * (1 + number),
        # The logits as computed and in float32, and their gradients in both formats.
        "logits of the predictions": load.predictions * shape.vocabulary * (2 * number + 8),
    }


def _frozen(shape: ModelShape, parameters: FineTuning, number: int) -> int:
    if parameters.lora is None:
        return 0
    matrices = shape.layers * shape.layer_weights
    per_weight = BYTES_PER_WEIGHT if parameters.dtype == "nf4" else number
    return round(matrices * per_weight) + (shape.weights - matrices) * number


def _trained(shape: ModelShape, parameters: FineTuning) -> int:
    lora = parameters.lora
    return shape.adapter_weights(lora.rank, lora.targets) if lora else shape.weights


def _inside_a_layer(shape: ModelShape, parameters: FineTuning, number: int) -> int:
    """Bytes per token that the backward pass of one layer reads.

    These are the queries, keys, values and output of attention (with a kernel that keeps no scores; keys and values are
    repeated for each query head), the three factors of the gated MLP, the float32 inputs of the norms, and the inputs
    of matrices that are trained or have an adapter.
    """
    lora = parameters.lora
    everywhere = lora is None or lora.targets == "all-linear"
    attention = 4 * shape.heads * shape.head_size + shape.hidden
    mlp = 3 * shape.intermediate + (shape.intermediate + shape.hidden if everywhere else 0)
    norms = 2 * shape.hidden * (4 + (number if lora is None else 0))
    return number * (attention + mlp) + norms


def training_operations(shape: ModelShape, load: Load, parameters: FineTuning) -> float:
    """Floating-point operations of one pass over the data.

    The forward pass counts once, or twice if activations are recomputed. The backward pass counts once for the inputs
    of each matrix, and once more for each trained matrix. The small share of an adapter (rank / width) is included.
    """
    again = 1 if parameters.gradient_checkpointing else 0
    matrices = 2.0 * shape.layers * shape.layer_weights * load.tokens
    head = 2.0 * shape.hidden * shape.vocabulary * load.total_predictions
    attention = 4.0 * shape.layers * shape.heads * shape.head_size * load.squares
    passes = 2 if parameters.lora else 3
    adapter = 2.0 * _trained(shape, parameters) * load.tokens * (3 + again) if parameters.lora else 0.0
    return matrices * (passes + again) + head * passes + attention * (3 + again) + adapter


@dataclass(frozen=True, slots=True)
class GPU:
    """A GPU, by its data sheet."""

    name: str
    memory: float
    """Bytes."""
    operations: float
    """Dense bfloat16 operations per second."""
    bandwidth: float
    """Bytes per second from its memory."""


GPUS = (
    GPU("RTX A6000", 48e9, 155e12, 768e9),
    GPU("A100 80 GB", 80e9, 312e12, 2039e9),
    GPU("H100 SXM", 80e9, 989e12, 3350e9),
)
"""Data sheet figures, dense (without structured sparsity); the A6000 is the paper's."""
