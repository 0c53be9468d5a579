"""Estimates of the memory and time of the configured training on a GPU, from the episodes of a rehearsal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leap_kedro.training.estimate import GIB, GPUS, LLAMA_3_8B, Load, ModelShape, training_memory, training_operations
from leap_kedro.training.parameters import FineTuning

if TYPE_CHECKING:
    from leap_kedro.pipelines.parameters import LeapParameters
    from leap_kedro.training.packing import Packed

UTILISATION = 0.35
"""Share of a GPU's data sheet speed that training is assumed to reach."""


def estimated(
    parameters: "LeapParameters", config: Mapping[str, Any] | None, packs: "Sequence[Packed]", row_tokens: int
) -> list[tuple[str, str]]:
    """Name and value of each estimate.

    Args:
        parameters: All parameters; the estimates are of the fine-tuning of pi_0.
        config: The base's `config.json`; None: Llama-3-8B.
        packs: A few demonstrations, packed.
        row_tokens: Their tokens with one row per reply.
    """
    how = FineTuning.of(parameters.fine_tuning.overridden(parameters.bootstrap.fine_tuning), parameters.seed)
    load = Load.of(packs)
    tokens = [
        ("tokens of a demonstration, packed", f"{load.tokens / len(packs):,.0f} (longest {load.length:,})"),
        ("the same, one row per reply", f"{row_tokens / len(packs):,.0f} ({row_tokens / load.tokens:.1f} times)"),
    ]
    try:
        shape = ModelShape.of(config.get("text_config", config)) if config else LLAMA_3_8B
    except KeyError as error:  # another architecture than Llama's
        return [*tokens, ("memory and time", f"not estimated, since config.json of the base has no {error}")]
    whole = load.scaled(parameters.bootstrap.demonstrations / len(packs))
    memory = training_memory(shape, load, how)
    operations = training_operations(shape, whole, how)
    lines = [
        ("parameters of the base", f"{shape.weights / 1e9:.3f} billion"),
        *tokens,
        ("memory of a training step, one episode at a time", f"{sum(memory.values()) / GIB:.1f} GiB"),
    ]
    lines += [(f"  {name}", f"{size / GIB:.2f} GiB") for name, size in memory.items() if size > GIB / 100]
    lines += [
        (f"one pass over D_0 on one {gpu.name}", _span(operations / (UTILISATION * gpu.operations))) for gpu in GPUS
    ]
    return lines


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds > 3600 else f"{seconds / 60:.1f} min"
