"""Work in processes of this machine."""

import multiprocessing
from pathlib import Path

import pytest
from toys import NAME, RaisingSpec, WalkerSpec, save_toy_policy, toy_task

from leap_kedro.compute.processes import in_processes
from leap_kedro.compute.work import WorkerFailure
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.playing_work import PlayingWork, PolicySpec
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import Episode, StopReason, Task

pytestmark = pytest.mark.slow

SPEC = EnvironmentSpec("alfworld", {})


def played(tasks: list[Task], spec: PolicySpec, processes: int, environment: str = NAME) -> list[Episode]:
    settings = PlaySettings(max_actions=12, slots=4)
    episodes = list(in_processes(PlayingWork(EnvironmentSpec(environment, {}), spec, settings), tasks, processes))
    return sorted(episodes, key=lambda episode: episode.id)


def test_the_number_of_processes_does_not_change_the_episodes(tmp_path: Path) -> None:
    from leap_kedro.environments.registry import make_benchmark

    save_toy_policy(tmp_path)
    spec = LocalPolicySpec(tmp_path, "toy", temperature=0.8, max_new_tokens=12, hold_to_admissible=True, slots=4)
    tasks = make_benchmark(SPEC).tasks("train", 13, seed=0)
    alone = played(tasks, spec, 1, "alfworld")
    assert alone == played(tasks, spec, 2, "alfworld")
    assert {episode.stop for episode in alone} <= {StopReason.STEP_LIMIT, StopReason.REFUSED_ACTIONS}


def test_every_task_is_played_once_and_streamed() -> None:
    tasks = [toy_task(number, goal=1 + number % 3) for number in range(30)]
    episodes = played(tasks, WalkerSpec(), 2)
    assert sorted(episode.task.id for episode in episodes) == sorted(task.id for task in tasks)
    assert all(episode.success for episode in episodes)
    assert played([], WalkerSpec(), 2) == []


def test_a_dead_worker_is_named_with_its_exit_code_and_last_words() -> None:
    tasks = [toy_task(number) for number in range(12)]
    with pytest.raises(WorkerFailure, match=r"(?s)exit code 7\..*same command again.*out of luck"):
        played(tasks, WalkerSpec(deadly="task 7", message="out of luck"), 2)
    assert multiprocessing.active_children() == []


def test_a_policy_that_cannot_be_loaded_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(WorkerFailure, match=r"PolicyFolderError: There is no policy folder .*absent"):
        played([toy_task(1), toy_task(2)], LocalPolicySpec(tmp_path / "absent", "absent"), 2)


@pytest.mark.parametrize("error", [ConnectionRefusedError, EOFError, SystemExit])
def test_workers_that_end_without_a_word_are_not_waited_for(error: type[BaseException]) -> None:
    with pytest.raises(WorkerFailure, match=r"worker \(rollout\) failed|ended before"):
        played([toy_task(1), toy_task(2)], RaisingSpec(error), 2)
    assert multiprocessing.active_children() == []


def test_closing_the_iterator_ends_the_workers() -> None:
    tasks = [toy_task(number) for number in range(50)]
    settings = PlaySettings(max_actions=12, slots=2)
    episodes = in_processes(PlayingWork(EnvironmentSpec(NAME, {}), WalkerSpec(), settings), tasks, 2)
    next(episodes)
    assert len(multiprocessing.active_children()) == 2
    episodes.close()
    assert multiprocessing.active_children() == []
