"""The official packages behind our protocol, against the native engine: the same answers, word for word.

The comparison needs the extra [alfworld]; the handling of its troubles is tested with child processes that misbehave.
"""

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from leap_kedro.environments.alfworld.engine.problem import TaskType, TextVersion
from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.tasks.generator import GeneratedGame, generate, generated_tasks
from leap_kedro.environments.alfworld.teaching.oracle import AlfworldOracle
from leap_kedro.environments.alfworld.tools import reference
from leap_kedro.environments.alfworld.tools.export import export_games
from leap_kedro.environments.alfworld.tools.reference import MissingPackage, ReferenceEnvironment
from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import Task

RANDOM_STEPS = 25
INSTALLED = find_spec("alfworld") is not None
needs_packages = pytest.mark.skipif(not INSTALLED, reason='alfworld is absent: pip install "leap_kedro[alfworld]"')


PLAY_WITH_PACKAGE = """
import json, sys
from alfworld.agents.environment import get_environment
config = {
    "dataset": {"eval_ood_data_path": sys.argv[1], "num_eval_games": 0},
    "env": {"goal_desc_human_anns_prob": 0, "task_types": [1, 2, 3, 4, 5, 6], "domain_randomization": False,
            "expert_type": "handcoded"},
    "general": {"training_method": "dqn"},
    "rl": {"training": {"max_nb_steps_per_episode": 50}},
}
listed = get_environment("AlfredTWEnv")(config, train_eval="eval_out_of_distribution")
environment = listed.init_env(batch_size=1)
_, infos = environment.reset()
with open(infos["extra.gamefile"][0]) as file:
    walkthrough = json.load(file)["walkthrough"]
for command in walkthrough:
    _, _, _, infos = environment.step([command])
print(json.dumps({"games": listed.game_files, "won": bool(infos["won"][0])}))
"""


def game_of(task_type: TaskType, text_version: TextVersion) -> GeneratedGame:
    index = 0
    while (generated := generate("valid_unseen", index, 1, text_version)).problem.goal.task_type is not task_type:
        index += 1
    return generated


def official_task(path: Path, data_folder: Path) -> Task:
    game = str(path.relative_to(data_folder))
    return Task(game, "alfworld", "valid", "", "", {"source": "official", "game": game})


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
    @pytest.mark.parametrize("task_type", list(TaskType))
    def test_generated_and_exported_games(self, task_type: TaskType, tmp_path: Path) -> None:
        text_version = list(TextVersion)[list(TaskType).index(task_type) % 2]
        (path,) = export_games([game_of(task_type, text_version)], tmp_path)
        theirs = ReferenceEnvironment(tmp_path)
        assert_equal_answers(official_task(path, tmp_path), theirs, tmp_path)
        theirs.close()

    def test_the_package_lists_and_plays_an_exported_folder(self, tmp_path: Path) -> None:
        games = [generate("valid_unseen", index, 2, "2.1.2") for index in range(3)]
        paths = export_games(games, tmp_path)
        environment = os.environ | {"ALFWORLD_DATA": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
        command = [sys.executable, "-c", PLAY_WITH_PACKAGE, str(tmp_path / "json_2.1.1" / "valid_unseen")]
        ended = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=300)
        answer = json.loads(ended.stdout.splitlines()[-1])
        assert sorted(answer["games"]) == sorted(map(str, paths))
        assert answer["won"] is True

    @pytest.mark.official
    def test_official_games(self, official_games: Path) -> None:
        theirs = ReferenceEnvironment(official_games)
        paths = sorted(official_games.glob("json_2.1.1/valid_seen/*/*/game.tw-pddl"))
        for path in Random(0).sample(paths, 3):
            assert_equal_answers(official_task(path, official_games), theirs, official_games)
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
    assert issubclass(MissingPackage, EnvironmentFailure)  # which a run tells without a traceback
