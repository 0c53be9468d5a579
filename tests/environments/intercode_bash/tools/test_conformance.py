"""Rewards beside those that the original gave, and what is told where they differ."""

import io
import json
import lzma
import random
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from bash_sandboxes import runtime_or_skip

from leap_kedro.environments.intercode_bash.tools import conformance

pytestmark = pytest.mark.slow

KNOWN = json.loads((Path(__file__).parent / "known_differences.json").read_text())
LEAST = {"gold": 0.96, "alt": 0.88}
"""Shares of equal rewards, among the tasks whose reward does not depend on the machine."""


@pytest.fixture
def official(shared_intercode_bash: Path) -> Path:
    runtime_or_skip()
    return shared_intercode_bash


def run(folder: Path, number: int, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    arguments = [f"{folder}/answers_fs_{number}.jsonl.xz", "--tasks", f"{folder}/nl2bash_fs_{number}.json"]
    code = conformance.main([*arguments, "--tree", f"{folder}/fs_{number}.tar.xz"])
    return code, capsys.readouterr().out


@pytest.mark.official
def test_the_original_gave_the_same_rewards_but_for_known_causes(
    official: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks, different = dict.fromkeys(LEAST, 0), dict.fromkeys(LEAST, 0)
    for number in (1, 2):
        code, printed = run(official, number, capsys)
        policy = ""
        for line in printed.splitlines():
            if found := re.fullmatch(r"(\w+): tasks (\d+) equal \d+", line):
                policy = found[1]
                machine, original = KNOWN[f"fs_{number}"][policy].values()
                tasks[policy] += int(found[2]) - len(machine)
            elif found := re.match(r"  task (\d+) ", line):
                assert found[1] in machine or found[1] in original, line
                different[policy] += found[1] in original
        assert code == 1
    assert tasks == {"gold": 107, "alt": 99}
    for policy, share in LEAST.items():
        assert 1 - different[policy] / tasks[policy] >= share


ANSWER: dict[str, Any] = {
    "policy": "gold",
    "index": 0,
    "query": "Say hello.",
    "gold": "echo hello",
    "actions": ["echo hello"],
    "observation": "hello\n",
    "gold_observation": "hello\n",
    "reward": 1.0,
    "reward_parts": {"file_diff": 0.33, "file_changes": 0.33, "answer_similarity": 0.33},
}


def written(folder: Path, *answers: dict[str, Any], task: dict[str, str] | None = None) -> list[str]:
    (folder / "tasks.json").write_text(json.dumps([task or {"query": "Say hello.", "gold": "echo hello"}]))
    with lzma.open(folder / "answers.jsonl.xz", "wt") as file:
        file.writelines(f"{json.dumps(answer)}\n" for answer in answers)
    return [str(folder / "answers.jsonl.xz"), "--tasks", str(folder / "tasks.json")]


def test_without_a_tree_the_file_system_is_bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runtime_or_skip()
    assert conformance.main(written(tmp_path, ANSWER)) == 0
    assert capsys.readouterr().out == "gold: tasks 1 equal 1\n"


def test_what_is_not_equal_is_told_with_both_parts_and_what_is_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime_or_skip()
    wrong = {**ANSWER, "policy": "alt", "actions": ["no-such-program"], "observation": "hello\n"}
    assert conformance.main(written(tmp_path, ANSWER, wrong)) == 1
    assert capsys.readouterr().out == (
        "gold: tasks 1 equal 1\nalt: tasks 1 equal 0\n"
        "  task 0 'no-such-program': file_diff 0.33 here 0.33, file_changes 0.33 here 0.33, "
        "answer_similarity 0.33 here 0.0; not installed here: no-such-program\n"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gold": "echo other"}, "Task 0 of the answers"),
        ({"index": 7}, "Task 7 of the answers"),
        ({"reward": None}, "line 1: reward Field required"),
        ({"index": "zero"}, "line 1: index Input should be a valid integer"),
        ({"actions": [7]}, "line 1: actions.0 Input should be a valid string"),
        ({"actions": "ls"}, "line 1: actions Input should be a valid array"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], message: str
) -> None:
    runtime_or_skip()
    answer = {key: value for key, value in {**ANSWER, **change}.items() if value is not None}
    assert conformance.main(written(tmp_path, answer)) == 2
    assert message in capsys.readouterr().err


def damaged_archive() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:xz") as archive:
        member = tarfile.TarInfo("file")
        member.size = 50_000
        archive.addfile(member, io.BytesIO(random.Random(0).randbytes(member.size)))
    content = bytearray(made.getvalue())
    content[30_000:30_100] = bytes(100)
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("answers.jsonl.xz", b"no archive", r"The recordings .*answers\.jsonl\.xz cannot be read, after line 0"),
        ("answers.jsonl.xz", lzma.compress(b"{}")[:20], r"The recordings .*answers\.jsonl\.xz cannot be read"),
        ("answers.jsonl.xz", lzma.compress(b""), r"The recordings .*answers\.jsonl\.xz are empty"),
        ("answers.jsonl.xz", lzma.compress(b"no json"), r"answers\.jsonl\.xz cannot be read, line 1: .*Invalid JSON"),
        ("tasks.json", b"\xff", r"tasks\.json cannot be read"),
        ("tasks.json", b"{}", r"tasks\.json is not a list of tasks"),
        ("tasks.json", b"[7]", r"tasks\.json, task 0: the field 'query' is missing"),
        ("tree.tar.xz", b"no archive", r"The file system .*tree\.tar\.xz cannot be read"),
        ("tree.tar.xz", damaged_archive(), r"The file system .*tree\.tar\.xz cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, message: str
) -> None:
    runtime_or_skip()
    arguments = written(tmp_path, ANSWER)
    (tmp_path / name).write_bytes(content)
    tree = ["--tree", str(tmp_path / name)] if name == "tree.tar.xz" else []
    assert conformance.main([*arguments, *tree]) == 2
    assert re.search(message, capsys.readouterr().err)
