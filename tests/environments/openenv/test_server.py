"""`kedro leap serve` in a process of its own, played by OpenEnv's own client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from openenv_servers import SECRET, ServedProcess

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark

LOCAL = make_benchmark(EnvironmentSpec("alfworld", {}))


@contextmanager
def client(url: str) -> Iterator[Any]:
    from openenv.core import GenericEnvClient

    with GenericEnvClient(base_url=url).sync() as connected:
        yield connected


def test_a_plan_is_played_as_here_and_its_rewards_add_up_to_the_score(served: ServedProcess) -> None:
    task = LOCAL.tasks("valid_unseen", 3, 5)[2]
    environment = LOCAL.environment()
    seen = environment.reset(task)
    plan = LOCAL.oracle().state(environment).plan
    with client(served.url) as remote:
        first = remote.reset(split="valid_unseen", index=2, seed=5)
        assert first.observation["text"] == seen.text
        assert tuple(first.observation["admissible"]) == seen.admissible
        answers = [remote.step({"text": action}) for action in plan]
        state = remote.state()
    assert [each.observation["text"] for each in answers] == [environment.step(each).observation.text for each in plan]
    assert [each.done for each in answers] == [False] * (len(plan) - 1) + [True]
    assert sum(each.reward for each in answers) == answers[-1].observation["score"] == 1.0
    assert state["step_count"] == len(plan)
    about = {"id": task.id, "goal": task.goal, "kind": task.kind, "split": task.split, "index": 2, "seed": 5}
    assert state["task"] == about


def test_a_step_needs_an_episode(served: ServedProcess) -> None:
    environment = LOCAL.environment()
    environment.reset(LOCAL.tasks("train", 1, 0)[0])
    with client(served.url) as remote:
        with pytest.raises(RuntimeError, match=r"No task has been started.*Reset"):
            remote.step({"text": "look"})
        remote.reset(split="train", index=0)
        for action in LOCAL.oracle().state(environment).plan:
            remote.step({"text": action})
        with pytest.raises(RuntimeError, match=r"over \(score 1\).*Reset"):
            remote.step({"text": "look"})
        assert remote.reset(split="train", index=0).done is False


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"split": "moon"}, r"'moon'.*Known: train"),
        ({"split": "train", "index": -1}, r"no task -1 .*from 0 to 9999"),
        ({"split": "train", "index": 10_000}, "no task 10000 "),
        ({"split": "train", "index": "three"}, r"`index` is a whole number.*'three'"),
        ({"split": ["train"]}, "name of a split"),
    ],
)
def test_a_wrong_task_is_named_and_the_session_goes_on(
    served: ServedProcess, wrong: dict[str, Any], message: str
) -> None:
    with client(served.url) as remote:
        remote.reset(split="train", index=1)
        with pytest.raises(RuntimeError, match=message):
            remote.reset(**wrong)
        with pytest.raises(RuntimeError, match="No task has been started"):
            remote.step({"text": "look"})
        assert remote.reset(split="train", index=0).observation["accepted"]


def test_privileged_facts_are_for_those_who_gave_the_secret_at_the_last_reset(served: ServedProcess) -> None:
    environment = LOCAL.environment()
    environment.reset(LOCAL.tasks("train", 1, 0)[0])
    with client(served.url) as remote, client(served.url) as other:
        other.reset(split="train", index=0)
        remote.reset(split="train", index=0, secret=SECRET)
        for action in ("look", LOCAL.oracle().state(environment).plan[0]):
            told, known = remote.state()["privileged"], LOCAL.oracle().state(environment)
            assert told["plan"] == list(known.plan)
            assert told["facts"] == list(known.facts)
            assert told["essentials"] == list(known.essentials)
            environment.step(action)
            remote.step({"text": action})
        assert SECRET not in str(remote.state())
        assert other.state()["privileged"] is None
        remote.reset(split="train", index=0)
        assert remote.state()["privileged"] is None
        for wrong in ("", SECRET[:-1], SECRET + "x", "größer \ud800"):
            remote.reset(split="train", index=0, secret=SECRET)
            with pytest.raises(RuntimeError, match="secret is not the one of LEAP_OPENENV_SECRET"):
                remote.reset(split="train", index=0, secret=wrong)
            assert remote.state()["privileged"] is None
    said = served.said + served.log.read_text()
    assert "with the secret of LEAP_OPENENV_SECRET" in said
    assert SECRET not in said


def test_a_session_too_many_is_told_so_and_has_room_later(served: ServedProcess) -> None:
    with client(served.url) as first, client(served.url) as second:
        with client(served.url) as third:
            for index, each in enumerate((first, second, third)):
                each.reset(split="train", index=index)
            with client(served.url) as fourth, pytest.raises(RuntimeError, match="CAPACITY_REACHED"):
                fourth.reset(split="train", index=0)
            goals = [LOCAL.tasks("train", 3, 0)[index].goal for index in range(3)]
            assert [each.state()["task"]["goal"] for each in (first, second, third)] == goals
        with client(served.url) as fourth:
            assert fourth.reset(split="train", index=0).observation["text"]


def test_tasks_can_be_listed_without_a_session(served: ServedProcess) -> None:
    names = [split["name"] for split in httpx.get(f"{served.url}/alfworld/splits").json()]
    assert names == ["train", "valid_seen", "valid_unseen"]

    def asked(what: str, **given: Any) -> httpx.Response:
        return httpx.post(f"{served.url}/alfworld/{what}", json=given)

    assert asked("num_tasks", split="train").json() == {"num_tasks": 10_000}
    tasks = LOCAL.tasks("train", 3, 0)
    assert asked("task", split="train", index=2).json()["task"]["id"] == tasks[2].id
    ranged = asked("task_range", split="train", start=1, stop=3).json()["tasks"]
    assert [(task["index"], task["goal"]) for task in ranged] == [(1, tasks[1].goal), (2, tasks[2].goal)]
    refused = asked("task", split="moon", index=0)
    assert refused.status_code == 400
    assert "'moon'" in refused.json()["detail"]
