"""Models in folders: loaded to be trained, and saved as a policy, with or without an adapter."""

from pathlib import Path
from typing import Any

from leap_kedro.policies.folder import load_model
from leap_kedro.records.atomic import replaced_folder
from leap_kedro.training.adapters import base_of, save_merged, with_adapter
from leap_kedro.training.parameters import FineTuning


def best_folder(target: Path) -> Path:
    """Where the checkpoint with the lowest validation loss is saved, beside the last one in `target`."""
    return target.with_name(f"{target.name}_best")


def load_trainable(start: Path, parameters: FineTuning, bf16: bool) -> tuple[Any, Path | None]:
    """The model to train and, where that is an adapter, the folder of the weights under it.

    Args:
        start: Folder of the policy to start from.
        parameters: How it is trained.
        bf16: Whether the computation is in bfloat16: then what is frozen is, too.

    Raises:
        UnusableAdapter: If the adapter of `start` is to go on and cannot.
    """
    import torch

    lora = parameters.lora
    if lora is None:
        return load_model(start, dtype=torch.float32), None
    base = base_of(start, lora)
    model = load_model(base, dtype=torch.bfloat16 if bf16 else torch.float32)
    return with_adapter(model, start, base, lora, parameters.seed), base


def load_checkpoint(checkpoint: Path, base: Path | None, dtype: Any) -> Any:
    """The model of a trainer's checkpoint; with `base`, the checkpoint has the adapter alone."""
    from peft import PeftModel

    model = load_model(base or checkpoint, dtype=dtype)
    return PeftModel.from_pretrained(model, checkpoint) if base else model


def save_policy(model: Any, tokenizer: Any, base: Path | None, target: Path) -> None:
    """Writes a policy's folder, whole or not at all; with `base`, `model` is an adapter on it, and used up."""
    with replaced_folder(target) as temporary:
        if base is None:
            model.save_pretrained(temporary)
        else:
            save_merged(model, base, temporary)
        tokenizer.save_pretrained(temporary)
