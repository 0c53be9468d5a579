"""Whatever a command tries: the host and the run stay whole, and the command gets a recorded result."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from bash_sandboxes import opened
from hostile_commands import ALL, SECRET, Hostile

from leap_kedro.environments.intercode_bash.engine.reward import Quoting
from leap_kedro.environments.intercode_bash.engine.sandbox.bubblewrap import BubblewrapHost, unprivileged
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import bubblewrap_host
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, Limits, NoSandbox, Sandbox
from leap_kedro.environments.intercode_bash.engine.sandbox.scratch import Scratch
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of
from leap_kedro.environments.intercode_bash.engine.session import Session

pytestmark = pytest.mark.slow

LIMITS = Limits(seconds=90, memory_mb=192, processes=40, file_mb=8, output_kb=128, disk_mb=24, entries=300, depth=40)
"""So much time that no other command runs out of it on a busy machine."""
SHORT = LIMITS.model_copy(update={"seconds": 2})
"""For commands that are to run out of time."""
LOOK = """
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void look(void) {
    char text[4096];
    int in = open("/proc/self/limits", O_RDONLY), out = open("/seen", O_WRONLY | O_CREAT | O_EXCL, 0644);
    ssize_t size = read(in, text, sizeof text);
    if (out >= 0 && size > 0 && write(out, text, size) < 0) _exit(1);
}
"""
"""A library that writes down the limits of the first process that loads it."""
TREE = tree_of({"atlas/keep.txt": "keep\n"})


@dataclass(frozen=True)
class Host:
    """What a sandbox must not see or touch."""

    sandboxes: BubblewrapHost
    short_sandboxes: BubblewrapHost
    secret_file: Path
    port: int
    pid: int
    mode: int

    def filled(self, command: str) -> str:
        values = {"secret_file": self.secret_file, "port": self.port, "pid": self.pid, "word": "of-the-host"}
        values["secret_folder"] = self.secret_file.parent
        for name, value in values.items():
            command = command.replace(f"{{{name}}}", str(value))
        return command


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    secret_file = opened(tmp_path_factory.mktemp("host")) / "secret.txt"
    secret_file.write_text(SECRET)
    secret_file.chmod(0o644)
    readable = subprocess.run([*unprivileged(), "/usr/bin/cat", secret_file], capture_output=True, check=True)
    assert readable.stdout == SECRET.encode()
    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        patch.setenv("OPENAI_API_KEY", SECRET)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        scratch = Scratch()
        try:
            hosts = (bubblewrap_host(limits, scratch) for limits in (LIMITS, SHORT))
            yield Host(
                *hosts, secret_file, listening.getsockname()[1], bystander.pid, secret_file.parent.stat().st_mode
            )
        except NoSandbox as error:
            pytest.skip(str(error))
        finally:
            bystander.kill()
            bystander.wait()
            scratch.close()


def test_the_corpus_is_large() -> None:
    assert len({hostile.command for hostile in ALL}) >= 60


@pytest.mark.parametrize("hostile", ALL, ids=lambda hostile: hostile.command[:40].encode("unicode_escape").decode())
def test_the_host_stays_whole(host: Host, hostile: Hostile) -> None:
    sandboxes = host.short_sandboxes if Ending.TIME in hostile.endings else host.sandboxes
    sandbox = sandboxes.open(TREE)
    try:
        _try(host, hostile, sandbox)
    finally:
        sandbox.close()
    assert [path for path in host.sandboxes.scratch.folder.iterdir() if path.name.startswith("layer")] == []


def _try(host: Host, hostile: Hostile, sandbox: Sandbox) -> None:
    command = host.filled(hostile.command)
    done = sandbox.exec(["bash", "-c", command], "/")
    layer = sandbox.changes()
    assert done.ending in hostile.endings, done
    assert hostile.says in done.output.decode(errors="replace")
    assert "LEAK" not in done.output.decode("utf-8", "surrogateescape").replace(command, "")
    assert SECRET.encode() not in done.output
    assert len(done.output) <= LIMITS.output_kb * 1024
    assert host.secret_file.read_text() == SECRET
    assert host.secret_file.parent.stat().st_mode == host.mode
    assert psutil.pid_exists(host.pid)
    started = [each for each in psutil.Process().children(recursive=True) if each.pid != host.pid]
    assert [each for each in started if each.status() != psutil.STATUS_ZOMBIE and each.name() == "bwrap"] == []
    assert len(layer.files) <= LIMITS.entries
    after = sandbox.exec(["bash", "-c", "echo still here"], "/")
    assert (after.output, after.ending) in ((b"still here\n", Ending.EXITED), (b"", Ending.EXITED)) or after.exit_code
    sandbox.reset()
    for _ in range(10):  # a busy machine may need more than the seconds of `SHORT`
        again = sandbox.exec(["bash", "-c", "cat /atlas/keep.txt; ls -A / | wc -l"], "/")
        if again.ending is not Ending.TIME:
            break
    assert again.output.startswith(b"keep\n")


def test_what_is_shown_of_binary_output_is_text_without_controls(host: Host) -> None:
    from leap_kedro.environments.intercode_bash.environment import shown

    session = Session(host.sandboxes.open(TREE), Quoting.SAFE)
    text = shown(session.run(r"printf '\033[31mred\007\xff\x9b5n\n'").output, 1000)
    assert text == "\\x1b[31mred\\x07\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}5n"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed: it makes the library that is loaded")
def test_limits_hold_before_a_library_of_the_commands_is_loaded(host: Host, tmp_path: Path) -> None:
    (tmp_path / "look.c").write_text(LOOK)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "look.so", "look.c"], cwd=tmp_path, check=True)  # noqa: S607
    library = (tmp_path / "look.so").read_bytes()
    sandbox = host.sandboxes.open(tree_of({"look.so": library, "etc/ld.so.preload": "/look.so\n"}))
    told = sandbox.exec(["bash", "-c", "cat /seen"], "/").output.decode()
    assert sandbox.exec(["bash", "-c", "ulimit -u"], "/").output == b"40\n"
    sandbox.close()
    found = {line[:25].strip(): line[25:].split()[:2] for line in told.splitlines() if line.startswith("Max")}
    for name, most in (("Max address space", 192 << 20), ("Max file size", 8 << 20), ("Max cpu time", 91)):
        assert found[name] == [str(most)] * 2
    assert int(found["Max processes"][1]) <= 4096


def test_a_directory_that_is_gone_is_left(host: Host) -> None:
    session = Session(host.sandboxes.open(TREE), Quoting.SAFE)
    session.run("mkdir /gone")
    session.run("cd /gone")
    session.run("rmdir /gone")
    assert session.run("pwd").output == "/\n"
    session.run("cd /atlas # where the files are")
    assert session.run("cd /atlas; pwd").output == "/atlas\n"


def test_as_root_the_commands_run_as_nobody(host: Host) -> None:
    if os.geteuid() != 0:
        pytest.skip("this is not root")
    sandbox = host.sandboxes.open(TREE)
    sandbox.exec(["bash", "-c", "echo x > /made"], "/")
    (made,) = host.sandboxes.scratch.folder.rglob("upper/made")
    assert made.stat().st_uid == 65534
    sandbox.close()
