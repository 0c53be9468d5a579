"""LoRA adapters of PEFT: made or continued, and saved beside the merged weights, all as safetensors.

A policy that was trained by an adapter is a plain transformers folder with the merged weights, and the adapter in
`adapter/`, whose `base.json` says which weights it was made for. Torch and PEFT are imported inside functions.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from leap_kedro.records import UserError
from leap_kedro.records.hashing import add_file
from leap_kedro.training.parameters import LoraParameters

ADAPTER = "adapter"
BASE = "base.json"


class UnusableAdapter(UserError):
    """The adapter of the policy to start from cannot go on."""


def base_of(start: Path, lora: LoraParameters) -> Path:
    """The folder whose weights the adapter is trained on: `start`, or the base of the adapter that goes on.

    Raises:
        UnusableAdapter: If that base is gone or has other weights now.
    """
    base = recorded_base(start, lora)
    if base is None:
        return start
    folder, digest = base
    if weights_digest(folder) != digest:
        raise _unfit(start, folder, "has other weights now")
    return folder


def recorded_base(start: Path, lora: LoraParameters | None) -> tuple[Path, str] | None:
    """Folder and digest of the weights that the adapter which goes on was made for; None where none goes on.

    Raises:
        UnusableAdapter: If that base is gone.
    """
    adapter = start / ADAPTER
    if lora is None or lora.start == "fresh" or not adapter.is_dir():
        return None
    try:
        recorded = json.loads((adapter / BASE).read_text(encoding="utf-8"))
        base = Path(recorded["folder"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableAdapter(
            f"the adapter in {adapter} does not say what weights it was made for (no readable {BASE}): take "
            "lora.start=fresh, a new adapter on the merged weights"
        ) from error
    if not base.is_dir():
        raise _unfit(start, base, "is gone")
    return base, recorded["sha256"]


def _unfit(start: Path, base: Path, what: str) -> UnusableAdapter:
    return UnusableAdapter(
        f"the adapter in {start / ADAPTER} was made for the weights in {base}, which {what}: put them back, or take "
        "lora.start=fresh, a new adapter on the merged weights"
    )


def with_adapter(model: Any, start: Path, base: Path, lora: LoraParameters, seed: int) -> Any:
    """The base model with its adapter, which alone is trained.

    Args:
        model: The causal LM of `base`.
        start: Folder of the policy to start from.
        base: What `base_of` gave.
        lora: The adapter.
        seed: Seed of a new adapter's weights.

    Raises:
        UnusableAdapter: If the adapter that goes on is not the one that the parameters describe.
    """
    import torch
    from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model

    targets = lora.targets if lora.targets == "all-linear" else list(lora.targets)
    if base == start:
        torch.manual_seed(seed)
        config = LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,  # type: ignore[arg-type]  # a number: it is only multiplied with
            lora_dropout=lora.dropout,
            target_modules=targets,
            task_type="CAUSAL_LM",
        )
        return get_peft_model(model, config)
    found: Any = PeftConfig.from_pretrained(str(start / ADAPTER))
    alike = targets == "all-linear" or set(targets) == set(found.target_modules)
    if (found.r, found.lora_alpha, alike) != (lora.rank, lora.alpha, True):
        raise UnusableAdapter(
            f"the adapter in {start / ADAPTER} has rank {found.r}, alpha {found.lora_alpha:g} and targets "
            f"{', '.join(sorted(found.target_modules))}: it goes on with the same, or take lora.start=fresh"
        )
    found.lora_dropout = lora.dropout
    return PeftModel.from_pretrained(model, start / ADAPTER, config=found, is_trainable=True)


def save_merged(model: Any, base: Path, folder: Path) -> None:
    """Writes merged weights and, in `adapter/`, the adapter; `model` is without its adapter afterwards.

    Args:
        model: What `with_adapter` made.
        base: Folder of the weights that it was made for.
        folder: Folder to write.
    """
    adapter = folder / ADAPTER
    model.save_pretrained(adapter, selected_adapters=["default"])
    (adapter / "README.md").unlink(missing_ok=True)  # PEFT's form to fill in
    recorded = {"folder": str(base.resolve()), "sha256": weights_digest(base)}
    (adapter / BASE).write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    model.merge_and_unload().save_pretrained(folder)


def weights_digest(folder: Path) -> str:
    """SHA-256 of the safetensors in a folder."""
    digest = sha256()
    for file in sorted(folder.glob("*.safetensors")):
        add_file(digest, file)
    return digest.hexdigest()
