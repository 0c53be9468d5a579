"""Servers of other people as environments, and servers that fail."""

import gc
from typing import Any

import pytest
from guessing import MAPPING, Chatty, Guessing, Moody, Slow, app
from openenv_servers import running, serving
from pydantic import ValidationError

from leap_kedro.environments.openenv.errors import DoesNotRepeat
from leap_kedro.environments.protocol import (
    Benchmark,
    EndlessSplit,
    EnvironmentFailure,
    EnvironmentSpec,
    TaskDataError,
)
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.records import PrivilegedState, Task

TASK = Task("easy/0/0", "openenv", "easy", "", "task", {"index": 0, "seed": 0})


def remote(url: str, mapping: dict[str, Any] | None = None, **options: Any) -> Benchmark:
    given = {"url": url, "mapping": {**MAPPING, **(mapping or {})}, "retries": 0, **options}
    return make_benchmark(EnvironmentSpec("openenv", given))


def test_a_mapping_makes_a_foreign_server_an_environment() -> None:
    with running(app(Guessing)) as url:
        benchmark = remote(url, splits={"easy": 50, "hard": 4})
        assert [len(benchmark.tasks(*which, 7)) for which in (("easy", 3), ("hard", 9), ("hard", None))] == [3, 4, 4]
        task = benchmark.tasks("hard", 3, 7)[2]
        assert (task.id, task.goal, task.kind) == ("hard/7/2", "Guess a number (hard).", "task")
        environment = benchmark.environment()
        assert environment.reset(task).text == "Guess a number (hard)."
        results = [environment.step(action) for action in ("10", "hello", "102")]
        assert [each.observation.text for each in results] == ["Higher.", "I do not understand.", "Right."]
        assert [each.score for each in results] == [0.0, 0.0, 1.0]
        assert [(each.accepted, each.done) for each in results] == [(True, False), (False, False), (True, True)]
        assert benchmark.oracle().state(environment) == PrivilegedState(task.goal, (), ("number: 102",), ())
        with pytest.raises(TaskDataError, match=r"'moon'.*Known: easy, hard"):
            benchmark.tasks("moon", 1, 0)
        with pytest.raises(EndlessSplit, match=r"environments\.openenv\.splits"):
            remote(url).tasks("easy", None, 0)


def test_wrong_paths_are_named_with_those_that_there_are() -> None:
    with running(app(Guessing)) as url:
        with pytest.raises(
            TaskDataError,
            match=r"no state\.goal \(`mapping\.goal`\); it has observation\.metadata, observation\.messages, state",
        ):
            remote(url, {"goal": "state.goal"}).tasks("easy", 1, 0)
        with pytest.raises(TaskDataError, match=r"no observation\.text \(`mapping\.text`\)"):
            remote(url, {"text": "observation.text"}).tasks("easy", 1, 0)
        with pytest.raises(TaskDataError, match=r"observation\.messages \(`mapping\.text`\) is no text but list"):
            remote(url, {"text": "observation.messages"}).tasks("easy", 1, 0)
        benchmark = remote(url, {"privileged": "state.truth"})
        with pytest.raises(EnvironmentFailure, match=r"no privileged facts .* at state\.truth.*LEAP_OPENENV_SECRET"):
            benchmark.oracle().state(_started(benchmark))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"action": {"text": "look"}}, "placeholder"),
        ({"text": "text"}, "inside the observation"),
        ({"goal": "info.goal"}, "begins with observation"),
        ({"refusal": "("}, "regular expression"),
    ],
)
def test_a_mapping_that_cannot_be_right_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        remote("http://127.0.0.1:1", wrong)


def test_the_secret_is_no_option() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        make_benchmark(EnvironmentSpec("openenv", {"secret": "x"}))


def test_a_server_that_does_not_repeat_is_refused_or_accepted() -> None:
    with running(app(Chatty)) as url:
        with pytest.raises(
            DoesNotRepeat, match=r"does not repeat what it answered: the task 'easy/0/0'.*repeats=false"
        ):
            remote(url).tasks("easy", 2, 0)
        assert len(remote(url, repeats=False).tasks("easy", 2, 0)) == 2
    with running(app(Moody)) as url:
        for repeats in (True, False):
            with pytest.raises(DoesNotRepeat, match=r"its privileged facts.*mapping\.privileged=null"):
                remote(url, repeats=repeats).tasks("easy", 2, 0)
        unknown = {"privileged": None}
        with pytest.raises(DoesNotRepeat, match=r"what it answered.*(Higher.*Lower|Lower.*Higher)"):
            remote(url, unknown, probe=["5"]).tasks("easy", 1, 0)
        benchmark = remote(url, unknown, repeats=False)
        assert benchmark.oracle().state(_started(benchmark)).facts == ()


def test_a_connection_that_breaks_is_a_failure_and_the_next_reset_makes_another_one() -> None:
    with running(app(Guessing)) as url:
        benchmark = remote(url, retries=1)
        task = benchmark.tasks("easy", 1, 0)[0]
        environment = benchmark.environment()
        environment.reset(task)
    with pytest.raises(EnvironmentFailure, match=r"task 'easy/0/0': step: no answer \(ConnectionClosed"):
        environment.step("0")
    with pytest.raises(EnvironmentFailure, match=r"cannot connect.*is it running.*tried 2 times"):
        environment.reset(task)
    with running(app(Guessing), int(url.rpartition(":")[2])):
        environment.reset(task)
        assert environment.step("0").done
    with running(app(Guessing), int(url.rpartition(":")[2])):  # its connection is one to the server before
        environment.reset(task)
        assert environment.step("0").done


def test_what_does_not_answer_in_time_is_given_up() -> None:
    with running(app(Slow)) as url:
        environment = _started(remote(url, timeout=0.2, probe=[]))
        with pytest.raises(EnvironmentFailure, match=r"step: no answer \(TimeoutError"):
            environment.step("0")
        with pytest.raises(EnvironmentFailure, match="it has to be reset"):
            environment.step("0")


def test_an_environment_that_is_no_longer_used_gives_its_session_back() -> None:
    with running(app(Guessing, sessions=1)) as url:
        first, second = (remote(url).environment() for _ in range(2))
        first.reset(TASK)
        with pytest.raises(EnvironmentFailure, match="all 1 sessions of the server are in use"):
            second.reset(TASK)
        del first
        gc.collect()
        assert remote(url, retries=3).environment().reset(TASK).text == "Guess a number (easy)."


def test_facts_need_the_secret_and_a_student_never_has_it(
    secret: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    local = make_benchmark(EnvironmentSpec("alfworld", {}))
    with serving(local, secret) as url:
        benchmark = make_benchmark(EnvironmentSpec("openenv", {"url": url}))
        environment: Any = benchmark.environment()
        environment.reset(benchmark.tasks("train", 1, 0)[0])
        assert environment.inner.document()["state"]["privileged"] is None
        assert benchmark.oracle().state(environment).plan
        assert secret not in caplog.text
        monkeypatch.setenv("LEAP_OPENENV_SECRET", "another")
        with pytest.raises(EnvironmentFailure, match="secret is not the one"):
            benchmark.oracle().state(environment)
        monkeypatch.delenv("LEAP_OPENENV_SECRET")
        with pytest.raises(EnvironmentFailure, match="Set LEAP_OPENENV_SECRET"):
            benchmark.oracle().state(environment)


def _started(benchmark: Benchmark) -> Any:
    environment = benchmark.environment()
    environment.reset(benchmark.tasks("easy", 1, 0)[0])
    return environment
