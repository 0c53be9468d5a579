"""The official packages behind our protocol, against the native engine: the same answers, word for word.

The comparison needs the extra [alfworld]; the handling of its troubles is tested with child processes that misbehave.
"""

import os
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from leap_kedro.environments.alfworld import reference
from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.games import load_game
from leap_kedro.environments.alfworld.generator import generate, generated_tasks
from leap_kedro.environments.alfworld.oracle import AlfworldOracle
from leap_kedro.environments.alfworld.problem import TaskType
from leap_kedro.environments.alfworld.reference import MissingPackage, ReferenceEnvironment
from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import Task

RANDOM_STEPS = 25
INSTALLED = find_spec("alfworld") is not None
needs_packages = pytest.mark.skipif(not INSTALLED, reason='alfworld is absent: pip install "leap_kedro[alfworld]"')


def task_of(task_type: TaskType, text_version: str) -> Task:
    index = 0
    while generate("valid_unseen", index, 1, text_version).problem.goal.task_type is not task_type:
        index += 1
    return generate("valid_unseen", index, 1, text_version).task


def assert_equal_answers(task: Task, theirs: ReferenceEnvironment, data_folder: Path | None = None) -> None:
    """Plays the task by a shortest plan, and at random with nonsense in between, in both environments."""
    ours = ALFWorldEnvironment(data_folder)
    assert ours.reset(task) == theirs.reset(task)
    assert ours.game is not None
    plan = AlfworldOracle().state(ours).plan
    for command in plan:
        assert ours.step(command) == theirs.step(command)
    assert ours.game.won
    random = Random(task.id)
    assert ours.reset(task) == theirs.reset(task)
    for number in range(RANDOM_STEPS):
        local = [command for command in ours.game.admissible() if not command.startswith("go to")]
        command = random.choice(local if random.random() < 0.6 else ours.game.admissible())
        assert ours.step(command) == theirs.step(command)
        if number % 10 == 0:
            assert ours.step("take the moon") == theirs.step("take the moon")


@pytest.mark.reference
@needs_packages
class TestAgainstThePackages:
    @pytest.fixture(scope="class")
    def theirs(self) -> Iterator[ReferenceEnvironment]:
        environment = ReferenceEnvironment()
        yield environment
        environment.close()

    @pytest.mark.parametrize("task_type", list(TaskType))
    def test_generated_games(self, theirs: ReferenceEnvironment, task_type: TaskType) -> None:
        versions = ("2.1.1", "2.1.2")
        assert_equal_answers(task_of(task_type, versions[list(TaskType).index(task_type) % 2]), theirs)

    @pytest.mark.official
    def test_official_games(self, official_games: Path) -> None:
        theirs = ReferenceEnvironment(official_games)
        paths = sorted(official_games.glob("json_2.1.1/valid_seen/*/*/game.tw-pddl"))
        for path in Random(0).sample(paths, 3):
            game = str(path.relative_to(official_games))
            kind = load_game(path).goal.task_type.value
            task = Task(game, "alfworld", "valid_seen", "", kind, {"source": "official", "game": game})
            assert_equal_answers(task, theirs, official_games)
        theirs.close()

    def test_this_process_is_left_as_it_was(self) -> None:
        before = sys.argv.copy(), sys.stdout, dict(os.environ)
        environment = ReferenceEnvironment()
        environment.reset(generated_tasks("train", 1, 0, "2.1.1")[0])
        environment.close()
        assert (sys.argv, sys.stdout, dict(os.environ)) == before
        assert "textworld" not in sys.modules

    def test_a_game_that_hangs_is_a_failure_of_the_environment(self) -> None:
        environment = ReferenceEnvironment(timeout=0.001)
        with pytest.raises(EnvironmentFailure, match="did not answer in time"):
            environment.reset(generated_tasks("train", 1, 0, "2.1.1")[0])
        with pytest.raises(EnvironmentFailure, match="reset the environment first"):
            environment.step("look")


class TestTroubles:
    """Child processes that misbehave, in place of the packages."""

    @pytest.fixture(autouse=True)
    def _installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reference, "find_spec", lambda name: object())

    @pytest.fixture
    def task(self) -> Task:
        return generated_tasks("train", 1, 0, "2.1.1")[0]

    def worker(self, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        monkeypatch.setattr(reference, "WORKER_COMMAND", (sys.executable, "-c", script))

    def test_no_answer(self, monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
        self.worker(monkeypatch, "import time; time.sleep(60)")
        started = time.monotonic()
        with pytest.raises(EnvironmentFailure, match="did not answer in time"):
            ReferenceEnvironment(timeout=0.2).reset(task)
        assert time.monotonic() - started < 10

    def test_a_crash(self, monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
        self.worker(monkeypatch, "import sys; sys.stdin.readline(); sys.exit('segmentation fault')")
        with pytest.raises(EnvironmentFailure, match=r"its process has died.*segmentation fault"):
            ReferenceEnvironment().reset(task)

    def test_an_error_in_the_packages(self, monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
        self.worker(monkeypatch, 'input(); print(\'{"error": "KeyError: 1"}\', flush=True); input()')
        with pytest.raises(EnvironmentFailure, match="KeyError: 1"):
            ReferenceEnvironment().reset(task)

    def test_a_game_file_that_is_not_there(self, tmp_path: Path) -> None:
        task = Task("x", "alfworld", "train", "", "", {"source": "official", "game": "none/game.tw-pddl"})
        with pytest.raises(EnvironmentFailure, match=r"none/game\.tw-pddl"):
            ReferenceEnvironment(tmp_path).reset(task)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "find_spec", lambda name: None if name == "textworld" else object())
    with pytest.raises(MissingPackage, match=r'textworld.*pip install "leap_kedro\[alfworld\]"'):
        ReferenceEnvironment()
