"""Training with FSDP. Accelerate supports it only on GPUs; here it is enabled on a CPU."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from training_calls import killed, weights

from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.launch import train
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.sharding import why_not_shared_out
from leap_kedro.training.store import write_packed

pytestmark = pytest.mark.slow

ON_CPU = """
import os, sys
if "leap_kedro.training" in sys.orig_argv and os.environ.get("ACCELERATE_USE_FSDP") == "true":
    from accelerate import state
    from accelerate.utils import DistributedType
    made, plugins = state.AcceleratorState.__init__, []
    def make(self, *given, fsdp_plugin=None, **more):
        made(self, *given, fsdp_plugin=fsdp_plugin, **more)
        plugins.extend([fsdp_plugin] if fsdp_plugin else [])
        if plugins:
            self.distributed_type, self.fsdp_plugin = DistributedType.FSDP, plugins[0]
    state.AcceleratorState.__init__ = make
"""
CONFIGURATION = """
compute_environment: LOCAL_MACHINE
distributed_type: FSDP
mixed_precision: 'no'
use_cpu: false
fsdp_config:
  fsdp_version: 2
  fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP
  fsdp_transformer_layer_cls_to_wrap: LlamaDecoderLayer
  fsdp_reshard_after_forward: true
  fsdp_state_dict_type: FULL_STATE_DICT
"""


@pytest.fixture
def data(tmp_path: Path, copying: list[Packed]) -> Path:
    write_packed(tmp_path / "data.npz", copying)
    return tmp_path / "data.npz"


@pytest.fixture
def on_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(ON_CPU)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"), prepend=os.pathsep)


def shared_out(folder: Path, **more: object) -> FineTuning:
    (folder / "fsdp.yaml").write_text(CONFIGURATION)
    return FineTuning.model_validate(
        {
            **{"max_steps": 12, "tokens_per_step": 100, "warmup_steps": 2, "log_every": 3, "checkpoint_every": 3},
            **{"optimizer": "adamw", "learning_rate": 0.001, "processes": 2, "accelerate": folder / "fsdp.yaml"},
            **more,
        }
    )


@pytest.mark.usefixtures("on_cpu")
def test_weights_that_are_shared_out_take_the_same_steps_also_killed_and_resumed(
    tiny_llama: Path, data: Path, copying: list[Packed], tmp_path: Path
) -> None:
    import torch

    parameters = shared_out(tmp_path)
    killed(tiny_llama, data, parameters, tmp_path, 1)
    result = train(tiny_llama, data, parameters, tmp_path / "work", tmp_path / "policy")
    assert result.world_size == 2
    assert result.resumed_at in (3, 6, 9)

    alone = parameters.model_copy(update={"processes": 1, "accelerate": None})
    fine_tune(tiny_llama, copying, alone, tmp_path / "alone", tmp_path / "whole" / "policy")
    for name, expected in weights(tmp_path / "whole" / "policy").items():
        torch.testing.assert_close(weights(tmp_path / "policy")[name], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("enabled", "optimizer", "version", "state", "message"),
    [
        (True, "adamw", 2, "FULL_STATE_DICT", "^$"),
        (False, "adamw", 2, "FULL_STATE_DICT", r"fsdp\.yaml.*FSDP.*GPU"),
        (True, "muon", 2, "FULL_STATE_DICT", "optimizer=adamw"),
        (True, "adamw", 1, "FULL_STATE_DICT", "set fsdp_version to 2 in .*yaml"),
        (True, "adamw", 2, "SHARDED_STATE_DICT", "set fsdp_state_dict_type to FULL_STATE_DICT in .*yaml"),
    ],
)
def test_what_fsdp_cannot_do_is_refused(
    enabled: bool,
    optimizer: str,
    version: int,
    state: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    plugin = SimpleNamespace(fsdp_version=version, state_dict_type=f"StateDictType.{state}")
    state_of = SimpleNamespace(state=SimpleNamespace(fsdp_plugin=plugin))
    trainer = SimpleNamespace(is_fsdp_enabled=enabled, accelerator=state_of)
    assert re.search(message, why_not_shared_out(trainer, shared_out(tmp_path, optimizer=optimizer)))
