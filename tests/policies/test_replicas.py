"""Policies that replicas on a Ray cluster of two nodes serve: of a program in the place of vLLM, and of vLLM itself."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_vllm
import pytest
import real_vllm
from chat_tokenizers import LLAMA_3, chat_tokenizer
from ray_cluster import on

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.pipelines.play_parameters import PlayParameters
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.policies.vllm_process import ServingFailed
from leap_kedro.records import Episode, UserError

pytestmark = pytest.mark.slow

SPEC = EnvironmentSpec("alfworld", {"source": "generated"})
SHARE = {"cpus": 0.5, "start_timeout": 60.0}
"""Of the cluster's two cores, for two replicas and two workers."""


@pytest.fixture
def policy(tmp_path: Path) -> SavedPolicy:
    folder = tmp_path / "policy"
    chat_tokenizer(LLAMA_3, ["You are in the middle of a room. go to desk 1"]).save_pretrained(folder)
    return SavedPolicy("pi_0", 0, folder)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


def served(log: Path, **values: Any) -> ServingParameters:
    return ServingParameters(command=fake_vllm.command(log), ready_timeout=60.0, **values)


def played(
    policy: SavedPolicy, serving: ServingParameters, compute: ComputeParameters | None, tasks: int = 8, **how: Any
) -> list[Episode]:
    given = {"max_actions": 4, "max_refused": None, "hold_to_admissible": False, "max_reply_tokens": 40, **how}
    drawn = make_benchmark(SPEC).tasks("train", tasks, 0)
    parameters = PlayParameters(**given)
    episodes = play(policy, SPEC, drawn, parameters, 0.0, 0, 1, "test", serving=serving, compute=compute)
    return sorted(episodes, key=lambda episode: episode.id)


def wait_until(true: Callable[[], bool], seconds: float = 300) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def is_gone(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def test_episodes_are_those_of_one_server_and_each_stays_with_its_replica(
    cluster: Any,
    policy: SavedPolicy,
    log: Path,
    tmp_path: Path,
) -> None:
    one = tmp_path / "one"
    one.mkdir()
    assert played(policy, served(log), on(cluster, **SHARE)) == played(policy, served(one), None)
    openings = [fake_vllm.conversations(calls) for calls in fake_vllm.asked(log).values()]
    assert sorted(map(len, openings)) == [16, 16]
    assert not set(openings[0]) & set(openings[1])
    assert all(map(is_gone, fake_vllm.asked(log)))


@pytest.mark.parametrize("generations", [0, 3], ids=["server", "actor"])
def test_a_replica_that_is_killed_costs_no_episode_and_is_started_again(
    cluster: Any,
    policy: SavedPolicy,
    log: Path,
    generations: int,
) -> None:
    """The server is killed, or the actor that is the parent of the shell, of the guard and of the server."""
    killed: list[int] = []

    def kill() -> None:
        assert wait_until(lambda: fake_vllm.answered(log) > 20)
        (log / "hold").touch()
        process = server = next(iter(fake_vllm.asked(log)))
        for _ in range(generations):
            process = parent(process)
        os.kill(process, signal.SIGKILL)
        killed.append(server)
        assert wait_until(lambda: len(list(filter(None, fake_vllm.asked(log).values()))) == 3)
        (log / "hold").unlink()

    killer = threading.Thread(target=kill)
    killer.start()
    episodes = played(policy, served(log, concurrency=4), on(cluster, **SHARE), tasks=24, max_actions=30)
    killer.join()
    assert len(episodes) == 24
    assert {episode.error for episode in episodes} == {""}
    assert {len(episode.steps) for episode in episodes} == {30}
    servers = fake_vllm.asked(log)
    assert len(servers) == 3
    assert all(fake_vllm.conversations(calls) for process, calls in servers.items() if process not in killed)
    assert all(map(is_gone, servers))


def test_play_stops_when_no_replica_is_left(cluster: Any, policy: SavedPolicy, log: Path) -> None:
    def kill() -> None:
        assert wait_until(lambda: fake_vllm.answered(log) > 20)
        (log / "refuse").touch()
        for process in fake_vllm.asked(log):
            os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(UserError, match=r"None of the 2 replicas.*run the same command(?s:.*)OutOfMemoryError"):
        played(policy, served(log), on(cluster, max_attempts=1, **SHARE), tasks=24, max_actions=100)
    killer.join()


def test_servers_that_do_not_start_are_an_error_with_their_log(
    cluster: Any,
    policy: SavedPolicy,
    log: Path,
) -> None:
    (log / "refuse").touch()
    with pytest.raises(ServingFailed, match=r"None of the 2 replicas starts(?s:.*)torch.OutOfMemoryError"):
        played(policy, served(log), on(cluster, **SHARE))


def test_servers_do_not_outlive_a_run_that_is_killed(cluster: Any, policy: SavedPolicy, log: Path) -> None:
    program = f"""
from pathlib import Path
from leap_kedro.datasets.policy import SavedPolicy
from ray_cluster import on
from test_replicas import SHARE, played, served
from leap_kedro.compute import ComputeParameters

compute = ComputeParameters.model_validate_json({on(cluster, **SHARE).model_dump_json()!r})
played(SavedPolicy("pi_0", 0, Path({str(policy.folder)!r})), served(Path({str(log)!r})), compute, max_actions=10_000)
"""
    tests = Path(fake_vllm.__file__).parent
    path = os.pathsep.join([*map(str, (tests, tests / "policies")), os.environ.get("PYTHONPATH", "")])
    run = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path})
    try:
        assert wait_until(lambda: fake_vllm.answered(log) > 20)
    finally:
        run.kill()
        run.wait()
    assert wait_until(lambda: all(map(is_gone, fake_vllm.asked(log))))


@pytest.mark.vllm
def test_two_replicas_of_vllm_answer_with_the_adapter_as_one_server_does(
    cluster: Any,
    vllm_command: str,
    tiny_chat: Path,
    tmp_path: Path,
) -> None:
    policy = real_vllm.with_random_adapter("pi_1", tiny_chat, tmp_path / "policy")
    serving = real_vllm.parameters(command=vllm_command)
    replicas = played(policy, serving, on(cluster, **SHARE))
    assert replicas == played(policy, serving, None)
    assert {episode.error for episode in replicas} == {""}
