"""Calls of `train` and `fine_tune` in other processes, which are forked: so they need no seconds to import torch."""

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.launch import train
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.progress import TrainingResult

FORK = multiprocessing.get_context("fork")


def weights(folder: Path) -> dict[str, Any]:
    """Weights of a saved policy, by name."""
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def tokens_up_to(packed: Packed, source: int) -> tuple[int, ...]:
    """Token ids from the root of the prefix tree to the place `source`."""
    return tuple(int(packed.input_ids[at]) for at in range(source + 1) if packed.ends[at] > source)


def killed(start: Path, data: Path, parameters: FineTuning, folder: Path, checkpoints: int) -> list[Path]:
    """A call in `folder` that got a SIGKILL once it had so many whole checkpoints; those, the last one first."""
    caller = FORK.Process(target=train, args=(start, data, parameters, folder / "work", folder / "policy"))
    caller.start()
    deadline = time.monotonic() + 60
    marks = "work/checkpoints-*/checkpoint-*/_SUCCESS"
    while len(list(folder.glob(marks))) < checkpoints:
        assert time.monotonic() < deadline
        assert caller.is_alive()
        time.sleep(0.005)
    caller.kill()
    caller.join()
    assert caller.exitcode == -signal.SIGKILL
    assert not (folder / "policy").exists()
    found = [mark.parent for mark in folder.glob(marks)]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)


def by_two(start: Path, packs: Sequence[Packed], parameters: FineTuning, folder: Path, **more: Any) -> TrainingResult:
    """A training in two processes, without torchrun: what `fine_tune` returns in the first."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("forked processes cannot use CUDA")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    here, there = FORK.Pipe(duplex=False)

    def process(rank: int) -> None:
        from accelerate.state import AcceleratorState, GradientState

        place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        os.environ.update(place | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port})
        AcceleratorState._reset_state(reset_partial_state=True)  # forked with the state of a single process
        GradientState._reset_state()
        result = fine_tune(start, packs, parameters, folder / "work", folder / "policy", **more)
        if rank == 0:
            there.send(result)
        os._exit(0)

    processes = [FORK.Process(target=process, args=(rank,)) for rank in (0, 1)]
    for each in processes:
        each.start()
    there.close()
    result: TrainingResult = here.recv()
    for each in processes:
        each.join()
    return result


def in_three_ways(
    start: Path, packs: Sequence[Packed], parameters: FineTuning, folder: Path
) -> tuple[TrainingResult, TrainingResult, TrainingResult]:
    """A training along the tree, on single rows, and along the tree in two processes: their steps have to be equal."""
    tree = parameters.model_copy(update={"packing": "tree"})
    single = parameters.model_copy(update={"packing": "none", "accumulation_steps": 4})
    along_tree, alone = (
        fine_tune(start, packs, how, folder / how.packing / "work", folder / how.packing / "policy")
        for how in (tree, single)
    )
    return along_tree, alone, by_two(start, packs, tree.model_copy(update={"processes": 2}), folder / "both")
