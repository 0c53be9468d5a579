"""LoRA adapters of PEFT: created or continued, and saved beside the merged weights, all as safetensors.

A policy trained with an adapter is a plain transformers folder with the merged weights. The adapter is in `adapter/`,
and its `base.json` records the weights it was made for. Torch and PEFT are imported inside functions.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from leap_kedro.policies.folder import load_model
from leap_kedro.records import UserError
from leap_kedro.records.hashing import add_file
from leap_kedro.training.parameters import LoraParameters

ADAPTER = "adapter"
BASE = "base.json"


class UnusableAdapter(UserError):
    """The adapter of the starting policy cannot be continued."""


def base_of(start: Path, lora: LoraParameters) -> Path:
    """The folder whose weights the adapter is trained on: `start`, or the base of the continued adapter.

    Raises:
        UnusableAdapter: If that base is missing or its weights have changed.
    """
    base, digest = recorded_base(start, lora) or (start, None)
    if digest is not None and weights_digest(base) != digest:
        raise _unfit(start, base, "has other weights now")
    return base


def recorded_base(start: Path, lora: LoraParameters | None) -> tuple[Path, str] | None:
    """Folder and digest of the weights that the continued adapter was made for; None if no adapter is continued.

    Raises:
        UnusableAdapter: If that base is missing.
    """
    adapter = start / ADAPTER
    if lora is None or lora.start == "fresh" or not adapter.is_dir():
        return None
    try:
        recorded = json.loads((adapter / BASE).read_text(encoding="utf-8"))
        base = (adapter / recorded["folder"]).resolve()  # relative where a training on another machine starts from it
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableAdapter(
            f"the adapter in {adapter} does not record the weights it was made for (no readable {BASE}): set "
            "lora.start=fresh to train a new adapter on the merged weights"
        ) from error
    if not base.is_dir():
        raise _unfit(start, base, "is gone")
    return base, recorded["sha256"]


def _unfit(start: Path, base: Path, what: str) -> UnusableAdapter:
    return UnusableAdapter(
        f"the adapter in {start / ADAPTER} was made for the weights in {base}, which {what}: restore them, or set "
        "lora.start=fresh to train a new adapter on the merged weights"
    )


def with_adapter(model: Any, start: Path, base: Path, lora: LoraParameters, seed: int) -> Any:
    """The base model with its adapter, the only part that is trained.

    Args:
        model: The causal LM of `base`.
        start: Folder of the policy to start from.
        base: The result of `base_of`.
        lora: The adapter's parameters.
        seed: Seed of a new adapter's weights.

    Raises:
        UnusableAdapter: If PEFT refuses the targets, or the continued adapter does not match the parameters.
    """
    import torch
    from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model

    targets = lora.targets if lora.targets == "all-linear" else list(lora.targets)
    if base == start:
        torch.manual_seed(seed)
        config = LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,  # type: ignore[arg-type]  # any number: PEFT only multiplies by it
            lora_dropout=lora.dropout,
            target_modules=targets,
            task_type="CAUSAL_LM",
        )
        matrices = sorted(
            {
                path.rpartition(".")[2]
                for path, module in model.named_modules()
                if getattr(getattr(module, "weight", None), "ndim", 0) == 2 and "embed" not in path
            }
        )
        try:
            return get_peft_model(model, config)
        except ValueError as error:
            raise UnusableAdapter(
                f"PEFT puts no adapter with lora.targets={lora.targets} on {type(model).__name__} ({error}): name "
                f"other modules ({', '.join(matrices)}), or set lora to null"
            ) from error
    found: Any = PeftConfig.from_pretrained(str(start / ADAPTER))
    alike = targets == "all-linear" or set(targets) == set(found.target_modules)
    if (found.r, found.lora_alpha, alike) != (lora.rank, lora.alpha, True):
        raise UnusableAdapter(
            f"the adapter in {start / ADAPTER} has rank {found.r}, alpha {found.lora_alpha:g} and targets "
            f"{', '.join(sorted(found.target_modules))}: set the same values, or lora.start=fresh"
        )
    found.lora_dropout = lora.dropout
    return PeftModel.from_pretrained(model, start / ADAPTER, config=found, is_trainable=True)


def check_adapter(base: Path, lora: LoraParameters) -> None:
    """Check that PEFT puts a new adapter on a model; its weights are not read.

    Args:
        base: Folder of the model.
        lora: The adapter's parameters.

    Raises:
        UnusableAdapter: If PEFT refuses the targets.
        PolicyFolderError: If the model cannot be read.
    """
    with_adapter(load_model(base, device_map="meta"), base, base, lora, seed=0)


def save_merged(model: Any, base: Path, folder: Path) -> None:
    """Writes the merged weights to `folder` and the adapter to `adapter/` in it; `model` loses its adapter.

    Args:
        model: The result of `with_adapter`.
        base: Folder of the weights under the adapter.
        folder: Folder to write.
    """
    adapter = folder / ADAPTER
    model.save_pretrained(adapter, selected_adapters=["default"])
    (adapter / "README.md").unlink(missing_ok=True)  # PEFT's empty template
    recorded = {"folder": str(base.resolve()), "sha256": weights_digest(base)}
    (adapter / BASE).write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    model.merge_and_unload().save_pretrained(folder)


def weights_digest(folder: Path) -> str:
    """SHA-256 of the safetensors in a folder."""
    digest = sha256()
    for file in sorted(folder.glob("*.safetensors")):
        add_file(digest, file)
    return digest.hexdigest()
