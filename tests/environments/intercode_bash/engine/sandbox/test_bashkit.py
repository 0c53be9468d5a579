"""Sandboxes in memory: on generated tasks they answer as real commands do, and nothing gets out."""

import os
from itertools import islice
from pathlib import Path

import pytest
from bash_sandboxes import runtime_or_skip

from leap_kedro.environments.intercode_bash.engine.golds import GoldRuns
from leap_kedro.environments.intercode_bash.engine.reward import Quoting
from leap_kedro.environments.intercode_bash.engine.sandbox.bashkit import BashkitHost
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, Limits, NoSandbox
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of
from leap_kedro.environments.intercode_bash.tasks.generator import candidates

TREE = tree_of({"atlas/keep.txt": "keep\n", "atlas/sub/": ""})
LIMITS = Limits(seconds=2, output_kb=64, disk_mb=4)


@pytest.fixture
def host() -> BashkitHost:
    try:
        return BashkitHost(LIMITS)
    except NoSandbox as error:
        pytest.skip(str(error))


def test_generated_tasks_come_out_as_by_real_commands(host: BashkitHost) -> None:
    here, real = GoldRuns(host, Quoting.SAFE), runtime_or_skip().golds
    tasks = [task for _, task in islice(candidates("test", 0), 150)]
    same = [here.of(task.made.tree, task.gold) == real.of(task.made.tree, task.gold) for task in tasks]
    assert sum(same) / len(same) >= 0.95


def test_it_has_changes_copies_and_a_way_back(host: BashkitHost) -> None:
    sandbox = host.open(TREE)
    done = sandbox.exec(["bash", "-c", "cat keep.txt; rm keep.txt; echo 1 > sub/new.txt; ln -s sub link"], "/atlas")
    assert (done.output, done.exit_code) == (b"keep\n", 0)
    changed = {path: status.value for path, status in sandbox.changes().files.items()}
    assert changed == {"atlas/keep.txt": "D", "atlas/sub/": "??", "atlas/link": "??"}
    other = sandbox.copy()
    assert other.changes() == sandbox.changes()
    sandbox.reset()
    assert sandbox.changes().files == {}
    assert other.exec(["cat", "/atlas/sub/new.txt"], "/").output == b"1\n"


@pytest.mark.parametrize(
    ("command", "endings"),
    [
        ("while true; do :; done", {Ending.TIME}),
        ("sleep 100", {Ending.TIME}),
        ("yes | head -n 100000", {Ending.OUTPUT, Ending.TIME, Ending.EXITED}),
        ("for i in $(seq 100); do head -c 1000000 /dev/zero > /f$i; done", {Ending.DISK, Ending.EXITED}),
        ("x" * 130_000, {Ending.REFUSED}),
        (":(){ :|:& };:", set(Ending)),
    ],
)
def test_what_takes_too_much_is_ended(host: BashkitHost, command: str, endings: set[Ending]) -> None:
    sandbox = host.open(TREE)
    assert sandbox.exec(["bash", "-c", command], "/").ending in endings
    sandbox.reset()
    assert sandbox.exec(["cat", "/atlas/keep.txt"], "/").output == b"keep\n"


def test_the_host_is_not_there(host: BashkitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.txt").write_text("hunter2")
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    sandbox = host.open(TREE)
    for command in (
        f"cat {tmp_path}/secret.txt",
        "env",
        "cat /etc/passwd /proc/self/environ",
        f"kill -9 {os.getpid()}",
    ):
        assert b"hunter2" not in sandbox.exec(["bash", "-c", command], "/").output
    sandbox.exec(["bash", "-c", f"mkdir -p {tmp_path}; echo owned > {tmp_path}/owned.txt; curl http://127.0.0.1"], "/")
    assert not (tmp_path / "owned.txt").exists()
