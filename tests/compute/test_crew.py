"""Work on a Ray cluster of two nodes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ray_cluster import disconnect, on
from toys import NAME, WalkerSpec, save_toy_policy, toy_task

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.cluster import NoCluster, connect
from leap_kedro.compute.run import run
from leap_kedro.compute.work import WorkerFailure
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.playing_work import PlayingWork, PolicySpec
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import Episode, StopReason, Task

pytestmark = pytest.mark.slow


def work(policy: PolicySpec, environment: str = NAME) -> PlayingWork:
    return PlayingWork(EnvironmentSpec(environment, {}), policy, PlaySettings(max_actions=12, slots=4))


def played(policy: PolicySpec, tasks: Sequence[Task], compute: ComputeParameters | None) -> list[Episode]:
    return sorted(run(work(policy), tasks, compute=compute), key=lambda episode: episode.id)


def busy() -> float:
    """Number of the cluster's CPU cores that actors hold."""
    import ray

    return ray.cluster_resources()["CPU"] - ray.available_resources().get("CPU", 0.0)


TASKS = [toy_task(number, goal=1 + number % 3) for number in range(60)]


def test_the_episodes_are_those_of_the_local_run(
    cluster: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    save_toy_policy(tmp_path)
    policy = LocalPolicySpec(tmp_path, "toy", temperature=0.8, max_new_tokens=12, hold_to_admissible=True, slots=4)
    tasks = make_benchmark(EnvironmentSpec("alfworld", {})).tasks("train", 13, seed=0)
    on_machine, on_nodes = (
        sorted(run(work(policy, "alfworld"), tasks, compute=compute), key=lambda episode: episode.id)
        for compute in (None, on(cluster))
    )
    assert on_machine == on_nodes
    (state,) = [
        message for message in caplog.messages if message.startswith("rollout, workers 2: 13 finished, 0 under")
    ]
    assert state.count("/s") == 2, "both nodes have played"


def test_tasks_that_workers_do_not_survive_are_given_up_and_named(
    cluster: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    policy = WalkerSpec(deadly="task 7/", endless="task 9/")
    episodes = played(policy, TASKS, on(cluster, max_attempts=1, timeout=2))
    lost = {episode.task.id: episode for episode in episodes if episode.stop is StopReason.WORKER_ERROR}
    assert lost.keys() == {"task 7", "task 9"}
    assert "ActorDiedError" in lost["task 7"].error
    assert "no sign of work for 2 s" in lost["task 9"].error
    others = [episode for episode in episodes if episode.task.id not in lost]
    assert others == [each for each in played(WalkerSpec(), TASKS, None) if each.task.id not in lost]
    assert any(re.search(r"task 7/\S+ was given up", message) for message in caplog.messages)


def test_a_node_that_goes_costs_only_its_unfinished_episodes(cluster: Any) -> None:
    third = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    tasks = [toy_task(number, goal=1 + number % 3, pause=0.02) for number in range(90)]
    found = []
    for episode in run(work(WalkerSpec()), tasks, compute=on(cluster, workers=3)):
        found.append(episode)
        if len(found) == 20:
            cluster.remove_node(third, allow_graceful=False)
    assert len(found) == len(tasks)
    assert {episode.task.id for episode in found if episode.success} == {task.id for task in tasks}


def test_closing_the_iterator_ends_the_actors(cluster: Any) -> None:
    episodes = run(work(WalkerSpec()), TASKS, compute=on(cluster))
    next(episodes)
    wait_until(lambda: busy() == 2)
    episodes.close()
    wait_until(lambda: busy() == 0)


def test_what_no_worker_can_load_is_said_once(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        played(LocalPolicySpec(tmp_path / "absent", "absent"), TASKS, on(cluster))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(WorkerFailure, match=r"worker \(rollout\) on .* failed: .*config\.json"):
        played(LocalPolicySpec(empty, "empty"), TASKS, on(cluster))


def test_a_cluster_without_room_is_an_error_with_what_was_asked(cluster: Any) -> None:
    with pytest.raises(
        NoCluster, match=r"wait for 8 CPU each\. The cluster has 2 machines, 2 of 2 CPUs free\..*compute\.cpus"
    ):
        played(WalkerSpec(), TASKS, on(cluster, cpus=8, start_timeout=1))


DRIVER = """
import sys
from leap_kedro.compute.run import run
from test_crew import TASKS, on, work
from toys import WalkerSpec
class At: address = sys.argv[1]
for episode in run(work(WalkerSpec(endless="task 5")), TASKS, compute=on(At)): print(episode.id, flush=True)
"""


def test_a_killed_driver_leaves_no_actors(cluster: Any) -> None:
    here = Path(__file__).parent
    paths = [str(here), str(here.parent), str(here.parent / "policies"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    connect(on(cluster))
    command = [sys.executable, "-c", DRIVER, cluster.address]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout
        assert "task" in driver.stdout.readline()
        wait_until(lambda: busy() == 2)
        driver.send_signal(signal.SIGKILL)
    wait_until(lambda: busy() == 0)


def test_without_a_cluster_the_command_that_starts_one_is_named() -> None:
    pytest.importorskip("ray", reason="Ray is not installed: the extra [ray]")
    disconnect()
    nowhere = ComputeParameters.model_validate({"kind": "ray", "address": "127.0.0.1:1"})
    with pytest.raises(NoCluster, match=r"no Ray cluster at 127\.0\.0\.1:1 .*ray start --head"):
        played(WalkerSpec(), TASKS, nowhere)


@pytest.mark.parametrize(
    ("address", "environment", "message"),
    [
        ([], {}, "no Ray cluster on this machine.*ray start --head"),
        (["10.0.0.1:6379", "10.0.0.1:6380"], {}, r"several .*10\.0\.0\.1:6379, 10\.0\.0\.1:6380.*compute\.address"),
        (["10.0.0.1:6379"], {"working_dir": "/nowhere"}, r"refuses `compute\.runtime_env`: .*/nowhere"),
    ],
)
def test_what_cannot_be_connected_to_is_said_before_anything_runs(
    address: list[str], environment: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: the extra [ray]")
    from ray._private import services

    disconnect()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(services, "find_gcs_addresses", lambda: set(address))
    with pytest.raises(NoCluster, match=message):
        connect(ComputeParameters.model_validate({"kind": "ray", "runtime_env": environment}))


def test_variables_of_the_actors_are_text() -> None:
    given = ComputeParameters.model_validate({"runtime_env": {"env_vars": {"A": 5}}})
    assert given.runtime_env == {"env_vars": {"A": "5"}}


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never came true")
