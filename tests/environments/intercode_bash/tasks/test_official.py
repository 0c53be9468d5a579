"""The tasks of an InterCode checkout, and what is said of files that are none."""

import json
from pathlib import Path

import pytest
from bash_sandboxes import runtime_or_skip
from pydantic import ValidationError

from leap_kedro.environments.intercode_bash.benchmark import InterCodeBash
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import Backend
from leap_kedro.environments.intercode_bash.environment import InterCodeBashEnvironment
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.intercode_bash.tasks.problems import official_tasks, official_tree
from leap_kedro.environments.protocol import TaskDataAbsent, TaskDataError
from leap_kedro.environments.sources import Source

SET_UP = """#!/bin/bash
mkdir -p /testbed/empty /testbed/dir1
echo hello > /testbed/dir1/a.txt
ln -s dir1/a.txt /testbed/link
touch -d '40 days ago' /testbed/old.sh; chmod +x /testbed/old.sh
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    runtime_or_skip()
    (tmp_path / "data" / "nl2bash").mkdir(parents=True)
    (tmp_path / "docker" / "bash_scripts").mkdir(parents=True)
    for number in (1, 2, 3, 4):
        tasks = [{"query": f"Task {index} of {number}", "gold": f"echo {index}"} for index in range(3)]
        (tmp_path / "data" / "nl2bash" / f"nl2bash_fs_{number}.json").write_text(json.dumps(tasks))
        if number < 4:
            (tmp_path / "docker" / "bash_scripts" / f"setup_nl2b_fs_{number}.sh").write_text(SET_UP)
    return tmp_path


def test_tasks_are_split_by_file_system_as_published(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERCODE_DATA", str(checkout))
    benchmark = InterCodeBash(**{"source": "auto"})
    assert [task.id for task in benchmark.tasks("train", None, 0)] == [
        f"train/fs_{n}/{i}" for n in (1, 2) for i in range(3)
    ]
    assert {task.kind for task in benchmark.tasks("test", None, 0)} == {"file system 3", "file system 4"}
    some = benchmark.tasks("train", 2, 5)
    assert some == benchmark.tasks("train", 4, 5)[:2]
    environment = benchmark.environment()
    assert environment.reset(some[0]).text == some[0].goal
    assert environment.step(f"echo {some[0].payload['index']}").observation.text == str(some[0].payload["index"])
    assert environment.step("submit").score == 1.0


def test_official_tasks_are_not_played_with_other_commands_than_the_real_ones(checkout: Path) -> None:
    with pytest.raises(ValidationError, match=r"bashkit.*bubblewrap or docker"):
        InterCodeBashOptions(source=Source.OFFICIAL, data_root=checkout, backend=Backend.BASHKIT)


def test_tasks_are_split_by_a_fraction_of_what_is_there(checkout: Path) -> None:
    def of(split: str, fraction: float) -> set[tuple[object, object]]:
        benchmark = InterCodeBash(**{"source": "official", "data_root": checkout, "train_fraction": fraction})
        return {(task.payload["file_system"], task.payload["index"]) for task in benchmark.tasks(split, None, 0)}

    train, test = of("train", 0.75), of("test", 0.75)
    assert (len(train), len(test), train & test) == (9, 3, set())
    assert of("train", 0.5) < train
    for number in (2, 4):
        next(checkout.rglob(f"nl2bash_fs_{number}.json")).unlink()
    assert of("train", 0.5) | of("test", 0.5) == {(number, index) for number in (1, 3) for index in range(3)}


def test_a_file_system_is_what_its_set_up_script_leaves(checkout: Path) -> None:
    options = InterCodeBashOptions(source=Source.OFFICIAL, data_root=checkout)
    tree = official_tree(checkout, 1, options)
    assert set(tree.entries) == {
        *("testbed", "testbed/empty", "testbed/dir1", "testbed/dir1/a.txt", "testbed/link", "testbed/old.sh"),
    }
    assert tree.entries["testbed/dir1/a.txt"].content == b"hello\n"
    assert tree.entries["testbed/old.sh"].executable
    task = InterCodeBash(**{"source": "official", "data_root": checkout}).tasks("train", 1, 0)[0]
    environment = InterCodeBash(**{"source": "official", "data_root": checkout}).environment()
    environment.reset(task)
    found = environment.step("find /testbed -mtime +30; find /testbed -mtime -1 -type f; find /testbed -empty -type d")
    assert found.observation.text.split() == ["/testbed/old.sh", "/testbed/dir1/a.txt", "/testbed/empty"]


def test_as_in_the_original_empty_directories_are_gone_when_an_episode_begins(checkout: Path) -> None:
    benchmark = InterCodeBash(**{"source": "official", "data_root": checkout, "quoting": "intercode"})
    environment = benchmark.environment()
    assert isinstance(environment, InterCodeBashEnvironment)
    environment.reset(benchmark.tasks("train", 1, 0)[0])
    assert "testbed/empty" not in environment.problem.tree.entries
    assert environment.step("find /testbed -type d").observation.text.split() == ["/testbed", "/testbed/dir1"]


def test_the_bare_file_system_needs_no_script(checkout: Path) -> None:
    assert official_tree(checkout, 4, InterCodeBashOptions(data_root=checkout)).entries == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", r"nl2bash_fs_1\.json cannot be read"),
        ("{}", r"nl2bash_fs_1\.json is not a list of tasks"),
        ('[{"query": "a", "gold": "b"}, {"query": "a"}]', r"nl2bash_fs_1\.json, task 1: the field 'gold' is missing"),
        ('[{"query": 3, "gold": "b"}]', r"task 0: the field 'query'"),
    ],
)
def test_a_malformed_file_is_named_with_task_and_field(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "nl2bash_fs_1.json").write_text(content)
    with pytest.raises(TaskDataError, match=message):
        official_tasks(tmp_path, 1)


def test_what_is_absent_comes_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERCODE_DATA", raising=False)
    with pytest.raises(TaskDataAbsent, match=r"git clone.*INTERCODE_DATA.*data_root"):
        InterCodeBash(**{"source": "official"}).tasks("train", None, 0)
    with pytest.raises(TaskDataAbsent, match=r"has neither setup_nl2b_fs_1\.sh nor fs_1\.tar\.xz"):
        official_tree(tmp_path, 1, InterCodeBashOptions(data_root=tmp_path))


@pytest.mark.official
def test_the_official_files_are_read(shared_intercode_bash: Path) -> None:
    benchmark = InterCodeBash(**{"source": "official", "data_root": shared_intercode_bash})
    assert len(benchmark.tasks("train", None, 0)) == 113
    tree = official_tree(shared_intercode_bash, 2, InterCodeBashOptions(data_root=shared_intercode_bash))
    assert tree.entries["system/folder2/special text3.txt"].content
