"""QLoRA (arXiv 2305.14314): the frozen weights of a LoRA training in 4 bits, by bitsandbytes.

Only the training sees 4 bits. The adapter is merged into the weights of the base as they are in its folder.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from leap_kedro.policies.folder import load_model
from leap_kedro.records import UserError
from leap_kedro.records.errors import in_one_line
from leap_kedro.training.parameters import FineTuningParameters

INSTALL = "pip install -c constraints.txt bitsandbytes"
"""The command that installs bitsandbytes, which is also the extra `qlora`."""

BYTES_PER_WEIGHT = 0.5 + 1 / 64 + 4 / (64 * 256)
"""4 bits, an 8-bit scale for 64 weights, and a 32-bit scale for 256 of those scales."""


class CannotQuantize(UserError):
    """Weights cannot be held in 4 bits on this machine."""


def check_quantization(parameters: FineTuningParameters, path: str) -> None:
    """Check that bitsandbytes can be used, if a fine-tuning needs it.

    Args:
        parameters: The fine-tuning.
        path: Path of its parameters, for the message.

    Raises:
        CannotQuantize: If it is not installed, or cannot be imported.
    """
    if parameters.dtype != "nf4":
        return
    instead = f"Or set `{path}.dtype` to bfloat16, float32 or auto."
    if find_spec("bitsandbytes") is None:
        raise CannotQuantize(
            f"`{path}.dtype` is 'nf4', which needs bitsandbytes, and it is not installed: {INSTALL}   {instead}"
        )
    try:
        import bitsandbytes  # noqa: F401
    except Exception as error:
        raise CannotQuantize(
            f"`{path}.dtype` is 'nf4', which needs bitsandbytes, and it cannot be imported "
            f"({in_one_line(error)}): {INSTALL}   {instead}"
        ) from error


def load_in_4_bits(folder: Path, dtype: Any, cuda: bool) -> Any:
    """The causal LM of a folder with its matrices in 4 bits (NF4, with quantized scales).

    Args:
        folder: The folder.
        dtype: Format of the computation and of the other weights (embeddings, head, norms).
        cuda: Whether it is loaded to the GPU of this process, where it stays.

    Raises:
        PolicyFolderError: If the weights cannot be read, or do not fit the configuration.
    """
    from bitsandbytes.nn import Linear4bit
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if cuda else "cpu"
    model = load_model(folder, dtype=dtype, quantization_config=config, device_map={"": device})
    for module in model.modules():
        if isinstance(module, Linear4bit):
            # On some CPUs, one pass in evaluation mode would convert the weights to a format without gradients.
            module.support_avx512bf16_for_cpu = False
    return model
