"""What the processor of this machine computes well."""

from functools import cache
from typing import Any


@cache
def computes_bfloat16() -> bool:
    """Whether the CPU multiplies matrices in bfloat16 (AMX, AVX512-BF16, or Arm's BF16) instead of imitating it."""
    import torch

    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def loaded_dtype(config: Any, dtype: str, device: str) -> str:
    """The number format to load a model's weights in; ``auto`` if it is that of the folder.

    Args:
        config: The model's configuration.
        dtype: The requested format; ``auto`` for the folder's, or float32 if that is a half format in which the
            processor does not compute.
        device: ``cpu`` or ``cuda``.
    """
    if dtype != "auto" or device != "cpu":
        return dtype
    own = str(config.dtype)
    imitated = own == "torch.float16" or (own == "torch.bfloat16" and not computes_bfloat16())
    return "float32" if imitated else dtype
