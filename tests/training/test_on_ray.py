"""Training on a Ray cluster of two nodes, compared with the same training on this machine."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray_cluster import on
from training_calls import weights

from leap_kedro.compute import ComputeKind, ComputeParameters
from leap_kedro.compute.cluster import NoCluster
from leap_kedro.training import on_ray
from leap_kedro.training.launch import TrainingFailed, train
from leap_kedro.training.losses import FILE, read_losses
from leap_kedro.training.machines import ClusterFailure
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning, Job
from leap_kedro.training.progress import Progress, TrainingResult
from leap_kedro.training.store import write_packed

pytestmark = pytest.mark.slow

ALONE = FineTuning(
    max_steps=21, tokens_per_step=100, warmup_steps=5, log_every=7, checkpoint_every=7, device="cpu", timeout=120
)

PAUSING = """
import os, sys, time
if "leap_kedro.training" in sys.orig_argv and "PAUSED" in os.environ:
    from leap_kedro.training import progress
    mark = progress.mark_whole
    def mark_and_pause(checkpoint):
        mark(checkpoint)
        if checkpoint.name == "checkpoint-14" and not os.path.exists(os.environ["PAUSED"]):
            open(os.environ["PAUSED"], "x").close()
            time.sleep(600)
    progress.mark_whole = mark_and_pause
"""
"""A `sitecustomize` that makes the first training stop after its second checkpoint."""

FAILING = """
import sys
if "leap_kedro.training" in sys.orig_argv:
    from leap_kedro.training import fine_tuning
    def fail(*_, **__):
        raise ArithmeticError("one and one")
    fine_tuning.load_trainable = fail
"""

CALLER = """
import sys
from pathlib import Path
from leap_kedro.compute import ComputeParameters
from leap_kedro.training.launch import train
from leap_kedro.training.parameters import FineTuning
start, data, work, target, parameters, compute = sys.argv[1:]
where = Path(work), Path(target)
how, compute = FineTuning.model_validate_json(parameters), ComputeParameters.model_validate_json(compute)
train(Path(start), Path(data), how, *where, compute=compute)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, copying: list[Packed]) -> Path:
    return write_packed(tmp_path_factory.mktemp("data") / "data.npz", copying)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, tiny_llama: Path, data: Path) -> tuple[TrainingResult, Path]:
    """What one process of this machine makes."""
    folder = tmp_path_factory.mktemp("alone")
    return train(tiny_llama, data, ALONE, folder / "work", folder / "policy"), folder / "policy"


def customized(compute: ComputeParameters, folder: Path, site: str, **variables: str) -> ComputeParameters:
    """The parameters with a `sitecustomize` and variables for the actors."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(site)
    before = compute.runtime_env["env_vars"]
    paths = os.pathsep.join([str(folder / "site"), before["PYTHONPATH"]])
    return compute.model_copy(update={"runtime_env": {"env_vars": {**before, "PYTHONPATH": paths, **variables}}})


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def assert_alike(
    result: TrainingResult, expected: TrainingResult, policy: Path, other: Path, apart: float = 1e-6
) -> None:
    import torch

    assert replace(result, seconds=0, resumed_at=0, losses=()) == replace(expected, seconds=0, losses=())
    assert dict(result.losses) == pytest.approx(dict(expected.losses), rel=apart)
    assert {path.name for path in policy.iterdir()} == {path.name for path in other.iterdir()}
    for name, value in weights(other).items():
        torch.testing.assert_close(weights(policy)[name], value, rtol=0, atol=apart)


def test_two_nodes_of_which_one_goes_take_the_steps_of_one_process(
    cluster: Any,
    tiny_llama: Path,
    data: Path,
    tmp_path: Path,
    alone: tuple[TrainingResult, Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    compute = customized(on(cluster, resources={"trains": 1}), tmp_path, PAUSING, PAUSED=str(tmp_path / "paused"))
    apart, seen = ALONE.model_copy(update={"nodes": 2}), list[Progress]()
    where = tmp_path / "work", tmp_path / "policy"
    with a_node_that_goes(cluster, lambda: (tmp_path / "paused").exists() and checkpoint_14(tmp_path)) as nodes:

        def prepare_another(progress: Progress) -> None:
            seen.append(progress)
            if len(nodes) == 2 and progress.step == 7:
                nodes.append(cluster.add_node(num_cpus=1, resources={"trains": 1}))

        result = train(tiny_llama, data, apart, *where, on_progress=prepare_another, compute=compute)
    assert (result.world_size, result.resumed_at) == (2, 14)
    assert_alike(replace(result, world_size=1), alone[0], tmp_path / "policy", alone[1], 1e-4)
    assert [progress.step for progress in seen] == [7, 14, 21]
    assert tuple(read_losses(tmp_path / "work" / FILE)) == result.losses
    assert {file.name for file in (tmp_path / "work" / "stderr").iterdir()} >= {"rank-0.txt", "rank-1.txt"}
    (lost,) = [message for message in caplog.messages if "attempt 2 of 3" in message]
    assert lost.endswith("resuming from checkpoint-14")


def checkpoint_14(folder: Path) -> list[Path]:
    return list(folder.glob("work/checkpoints-*/checkpoint-14/_SUCCESS"))


@contextmanager
def a_node_that_goes(cluster: Any, condition: Callable[[], object]) -> Iterator[list[Any]]:
    """The two nodes that train, of which one goes under a condition."""
    nodes = [cluster.add_node(num_cpus=1, resources={"trains": 1}) for _ in range(2)]

    def remove() -> None:
        wait_for(condition)
        cluster.remove_node(nodes[0], allow_graceful=False)

    thread = threading.Thread(target=remove)
    thread.start()
    try:
        yield nodes
    finally:
        thread.join()
        for node in nodes[1:]:
            cluster.remove_node(node)


def test_a_training_that_fails_by_itself_is_told_as_without_ray_and_not_repeated(
    cluster: Any,
    tiny_llama: Path,
    data: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    compute = customized(on(cluster, shared_storage=True), tmp_path, FAILING)
    with pytest.raises(TrainingFailed) as caught:
        train(tiny_llama, data, ALONE, tmp_path / "work", tmp_path / "policy", compute=compute)
    message = str(caught.value)
    assert message.startswith("the training process ended with exit code 1; the end of ")
    assert "ArithmeticError: one and one" in message
    assert "attempt" not in caplog.text


def test_a_killed_driver_leaves_no_process_and_its_training_goes_on_elsewhere(
    cluster: Any,
    tiny_llama: Path,
    data: Path,
    tmp_path: Path,
    alone: tuple[TrainingResult, Path],
) -> None:
    compute = customized(on(cluster), tmp_path, PAUSING, PAUSED=str(tmp_path / "paused"))
    folders = [str(path) for path in (tiny_llama, data, tmp_path / "work", tmp_path / "policy")]
    given = [*folders, ALONE.model_dump_json(), compute.model_dump_json()]
    driver = subprocess.Popen([sys.executable, "-c", CALLER, *given])
    wait_for(lambda: driver.poll() is not None or checkpoint_14(tmp_path))
    assert training_processes(tmp_path)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    wait_for(lambda: not training_processes(tmp_path))
    result = train(tiny_llama, data, ALONE, tmp_path / "work", tmp_path / "policy")
    assert result.resumed_at == 14
    assert_alike(result, alone[0], tmp_path / "policy", alone[1])


def training_processes(mark: Path) -> list[str]:
    """Ids of the training processes that have a path below `mark` in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, variables = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:  # it has ended, or is another user's
            continue
        if b"leap_kedro.training" in command and str(mark).encode() in variables:
            found.append(process.name)
    return found


def test_a_cluster_without_room_is_told_with_what_was_asked_and_what_there_is(
    cluster: Any,
    tiny_llama: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    apart = ALONE.model_copy(update={"nodes": 3})
    asked = r"1 CPU on each of 3 machines\. The cluster has 2 machines, \S+ of 2 CPUs free"
    with pytest.raises(
        NoCluster, match=rf"The training waits for {asked}.*`compute\.start_timeout`.*fine_tuning\.nodes"
    ):
        train(tiny_llama, data, apart, tmp_path / "work", tmp_path / "policy", compute=on(cluster, start_timeout=0.2))
    assert "The training waits for 1 CPU on each of 3 machines. The cluster has 2 machines" in caplog.text


def test_after_as_many_attempts_as_allowed_the_last_loss_is_told(
    tiny_llama: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(_: object) -> None:
        attempts.append(len(attempts))
        raise ClusterFailure(f"machine {len(attempts)} died")

    attempts: list[int] = []
    monkeypatch.setattr(on_ray, "connect", lambda _: None)
    monkeypatch.setattr(on_ray, "reserved", lambda *_: nullcontext())
    monkeypatch.setattr(on_ray._Attempt, "run", lose)
    job = Job(start=tiny_llama, data=data, parameters=ALONE, checkpoints=tmp_path / "none", target=tmp_path / "policy")
    compute = ComputeParameters(kind=ComputeKind.RAY, max_attempts=2)
    with pytest.raises(TrainingFailed, match=r"ended 2 time\(s\).*machine 2 died.*same command again"):
        on_ray.run_on_ray(job, tmp_path, compute, None)
    assert attempts == [0, 1]
