"""Loads models for training and saves them as policies, with or without an adapter."""

from pathlib import Path
from typing import Any

from leap_kedro.policies.folder import load_model
from leap_kedro.records.atomic import replaced_folder
from leap_kedro.training.adapters import base_of, save_merged, with_adapter
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.quantization import load_in_4_bits


def best_folder(target: Path) -> Path:
    """The folder for the checkpoint with the lowest validation loss, beside the last one in `target`."""
    return target.with_name(f"{target.name}_best")


def load_trainable(start: Path, parameters: FineTuning, bf16: bool, cuda: bool) -> tuple[Any, Path | None]:
    """The model to train, and the folder of the weights under its adapter if it has one.

    Args:
        start: Folder of the policy to start from.
        parameters: How it is trained.
        bf16: Whether computation, and therefore frozen weights that are not in 4 bits, are in bfloat16.
        cuda: Whether it is trained on a GPU.

    Raises:
        UnusableAdapter: If the adapter of `start` cannot be continued.
    """
    import torch

    lora = parameters.lora
    if lora is None:
        return load_model(start, dtype=torch.float32), None
    base = base_of(start, lora)
    dtype = torch.bfloat16 if bf16 else torch.float32
    model = load_in_4_bits(base, dtype, cuda) if parameters.dtype == "nf4" else load_model(base, dtype=dtype)
    return with_adapter(model, start, base, lora, parameters.seed), base


def load_checkpoint(checkpoint: Path, base: Path | None, dtype: Any) -> Any:
    """The model of a trainer's checkpoint; with `base`, the checkpoint contains only the adapter."""
    from peft import PeftModel

    model = load_model(base or checkpoint, dtype=dtype)
    return PeftModel.from_pretrained(model, checkpoint) if base else model


def save_policy(model: Any, tokenizer: Any, base: Path | None, target: Path) -> None:
    """Writes a policy's folder completely or not at all; with `base`, `model` is an adapter on it and is merged."""
    with replaced_folder(target) as temporary:
        if base is None:
            model.save_pretrained(temporary)
        else:
            save_merged(model, base, temporary)
        tokenizer.save_pretrained(temporary)
