"""Calls of `train` in another process, which may be killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from leap_kedro.training.parameters import FineTuning

CALLER = """
import sys
from pathlib import Path
from leap_kedro.training.launch import train
from leap_kedro.training.parameters import FineTuning
start, data, work, target, parameters = sys.argv[1:]
train(Path(start), Path(data), FineTuning.model_validate_json(parameters), Path(work), Path(target))
"""


def weights(folder: Path) -> dict[str, Any]:
    """Weights of a saved policy, by name."""
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def killed(start: Path, data: Path, parameters: FineTuning, folder: Path, checkpoints: int) -> list[Path]:
    """A call in `folder` that got a SIGKILL once it had so many whole checkpoints; those, the last one first."""
    caller = subprocess.Popen(
        [
            *(sys.executable, "-c", CALLER),
            *map(str, (start, data, folder / "work", folder / "policy")),
            parameters.model_dump_json(),
        ]
    )
    deadline = time.monotonic() + 60
    while len(found := list(folder.glob("work/checkpoints-*/checkpoint-*/_SUCCESS"))) < checkpoints:
        assert time.monotonic() < deadline
        assert caller.poll() is None
        time.sleep(0.005)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    assert not (folder / "policy").exists()
    return sorted((path.parent for path in found), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
