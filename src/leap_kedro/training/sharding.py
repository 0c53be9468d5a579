"""Weights that are shared out over the processes, by FSDP as accelerate sets it up."""

import os
from typing import Any

from leap_kedro.training.parameters import FineTuning


def why_not_shared_out(trainer: Any, parameters: FineTuning) -> str:
    """Why a training cannot share its weights out as its accelerate file asks for; empty if it can, or need not."""
    if os.environ.get("ACCELERATE_USE_FSDP") != "true":
        return ""
    if not trainer.is_fsdp_enabled:
        return f"{parameters.accelerate} asks for FSDP, which accelerate gives on GPUs alone, one a process"
    if parameters.optimizer == "muon":
        return "Muon needs whole matrices, which no process has under FSDP: take optimizer=adamw"
    if trainer.accelerator.state.fsdp_plugin.fsdp_version != 2:
        return f"set fsdp_version to 2 in {parameters.accelerate}: policies are not saved from version 1"
    if "FULL_STATE_DICT" not in str(trainer.accelerator.state.fsdp_plugin.state_dict_type):
        return (
            f"a policy is saved whole: set fsdp_state_dict_type to FULL_STATE_DICT in {parameters.accelerate}, which "
            "has another one or none"
        )
    return ""
