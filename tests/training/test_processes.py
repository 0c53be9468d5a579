"""Training in several processes and on several machines, and what is told when one of them fails."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from leap_kedro.training.failures import failure, unwritable
from leap_kedro.training.launch import TrainingFailed, train
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.store import write_packed

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("started_trainings")]

PARAMETERS = FineTuning(max_steps=6, tokens_per_step=100, warmup_steps=2, log_every=2, checkpoint_every=3)

IN_EVERY_PROCESS = """
import os, signal, sys
if "leap_kedro.training" in sys.orig_argv and os.environ.get("RANK", "0") == os.environ["FAILING"]:
    from leap_kedro.training import fine_tuning
    def fail(*_, **__):
        {what}
    fine_tuning.save_policy = fine_tuning.load_trainable = fail
"""
"""A `sitecustomize` that makes one process fail once the others wait for it."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, copying: list[Packed]) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.npz"
    write_packed(path, copying)
    return path


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes process `rank` of each training do `what` in place of loading its model."""

    def make(rank: int, what: str) -> None:
        folder = tmp_path / "site"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(IN_EVERY_PROCESS.format(what=what))
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        monkeypatch.setenv("FAILING", str(rank))

    return make


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def elsewhere(**more: object) -> FineTuning:
    """Two machines, which are both this one."""
    meeting = {"endpoint": f"127.0.0.1:{free_port()}"}
    return FineTuning.model_validate({**PARAMETERS.model_dump(), "nodes": 2, "rendezvous": meeting, **more})


def test_a_second_machine_takes_part(tiny_llama: Path, data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    joining = (
        "import os, sys, time; job = sys.argv[1]\n"
        "while not os.path.exists(job): time.sleep(0.05)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'leap_kedro.training.join', job, '--node-rank=1'])"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", joining, str(work / "job.json")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    result = train(tiny_llama, data, elsewhere(), work, tmp_path / "policy")
    said, _ = other.communicate(timeout=60)
    assert result.world_size == 2
    assert other.returncode == 0
    assert said == "The 1 process(es) of this machine have finished.\n"


def test_machines_that_do_not_come_are_told_how(tiny_llama: Path, data: Path, tmp_path: Path) -> None:
    alone = elsewhere(timeout=3)
    with pytest.raises(TrainingFailed, match=r"2 machines did not meet(.|\n)*join \S*/job\.json --node-rank=R"):
        train(tiny_llama, data, alone, tmp_path / "work", tmp_path / "policy")


def test_the_process_that_raised_is_quoted_and_not_the_launcher(
    failing, tiny_llama: Path, data: Path, tmp_path: Path
) -> None:
    failing(1, "raise ArithmeticError('one and one')")
    two = PARAMETERS.model_copy(update={"processes": 2})
    with pytest.raises(TrainingFailed) as caught:
        train(tiny_llama, data, two, tmp_path / "work", tmp_path / "policy")
    message = str(caught.value)
    assert message.startswith("process 1 of 2 (counted from 0) ended with exit code 1; the end of ")
    assert "ArithmeticError: one and one" in message
    assert "rank-1.txt" in message
    assert "torch.distributed" not in message
    assert message.endswith("Run the same command again: it continues from the last whole checkpoint.")


def test_a_killed_process_is_told_with_the_likely_cause(failing, tiny_llama: Path, data: Path, tmp_path: Path) -> None:
    failing(0, "os.kill(os.getpid(), signal.SIGKILL)")
    which = "the training process"
    with pytest.raises(TrainingFailed, match=rf"^{which} was killed by SIGKILL\. .*memory was full.*tokens_per_step"):
        train(tiny_llama, data, PARAMETERS, tmp_path / "work", tmp_path / "policy")
    assert failure(tmp_path, {1: -signal.SIGKILL}, 2).startswith(
        "process 1 of 2 (counted from 0) was killed by SIGKILL. If nobody"
    )


def test_one_that_was_killed_goes_before_those_that_waited_for_it(tmp_path: Path) -> None:
    (tmp_path / "first.txt").write_text("0")
    (tmp_path / "rank-0.txt").write_text("Connection closed by peer")
    (tmp_path / "rank-3.txt").write_text("about to die")
    told = failure(tmp_path, {0: 1, 2: -signal.SIGABRT, 3: -signal.SIGKILL}, 4)
    assert told.startswith("process 3 of 4 (counted from 0) was killed by SIGKILL")
    assert "about to die" in told


def test_one_that_aborted_goes_before_one_that_was_ended_while_it_waited(tmp_path: Path) -> None:
    (tmp_path / "first.txt").write_text("0")
    (tmp_path / "rank-1.txt").write_text("terminate called")
    told = failure(tmp_path, {0: -signal.SIGTERM, 1: -signal.SIGABRT}, 2)
    assert told.startswith("process 1 of 2 (counted from 0) was killed by SIGABRT")


def test_full_memory_of_a_gpu_comes_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "rank-0.txt").write_text("torch.OutOfMemoryError: CUDA out of memory.")
    assert "Memory is full: lower tokens_per_step" in failure(tmp_path, {0: 1}, 1)


def test_a_full_disk_is_told_also_where_the_writer_hides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = RuntimeError("[enforce fail at inline_container.cc:668] . unexpected pos 64 vs 0")
    assert unwritable(hidden, tmp_path) == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    full = f"Cannot write {tmp_path}: the disk is full. Free some space, then run the same command again"
    assert unwritable(hidden, tmp_path).startswith(full)
    told = RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert unwritable(told, tmp_path).startswith(full)


def test_machines_that_cannot_meet_are_refused(tiny_llama: Path, data: Path, tmp_path: Path) -> None:
    two = PARAMETERS.model_copy(update={"nodes": 2})
    with pytest.raises(TrainingFailed, match="2 nodes need a rendezvous"):
        train(tiny_llama, data, two, tmp_path / "work", tmp_path / "policy")
    with pytest.raises(ValidationError, match="endpoint"):
        FineTuning.model_validate({"max_steps": 1, "rendezvous": {"endpoint": "host"}})
