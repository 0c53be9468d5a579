"""Checks for weights that are sharded over the processes, with FSDP as configured by accelerate."""

import os
from typing import Any

from leap_kedro.training.parameters import FineTuning


def why_not_shared_out(trainer: Any, parameters: FineTuning) -> str:
    """Why a training cannot shard its weights as its accelerate file requires; empty if it can or need not."""
    if os.environ.get("ACCELERATE_USE_FSDP") != "true":
        return ""
    if not trainer.is_fsdp_enabled:
        return f"{parameters.accelerate} requires FSDP, which accelerate supports only with one GPU per process"
    if parameters.optimizer == "muon":
        return "Muon needs whole matrices, but FSDP splits them: set optimizer=adamw"
    plugin = trainer.accelerator.state.fsdp_plugin
    if plugin.fsdp_version != 2:
        return f"set fsdp_version to 2 in {parameters.accelerate}: policies cannot be saved with version 1"
    if "FULL_STATE_DICT" not in str(plugin.state_dict_type):
        return f"set fsdp_state_dict_type to FULL_STATE_DICT in {parameters.accelerate}: policies are saved unsharded"
    return ""
