"""Sandboxes in containers, of an image made from this machine's own commands; skipped where no service answers."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bash_sandboxes import opened

from leap_kedro.environments.intercode_bash.engine.sandbox.docker import DockerHost
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import Backend, docker_host, open_host
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, Limits, NoSandbox, Status
from leap_kedro.environments.intercode_bash.engine.sandbox.scratch import Scratch
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of

IMAGE = "leap_kedro-test:latest"
COMMANDS = [
    "bash",
    "cat",
    "cp",
    "echo",
    "env",
    "ls",
    "mkdir",
    "mv",
    "rm",
    "setsid",
    "sleep",
    "sort",
    "timeout",
    "touch",
    "tr",
    "head",
    "wc",
    "yes",
]
TREE = tree_of({"atlas/keep.txt": "keep\n", "atlas/gone.txt": "gone\n", "atlas/run.sh": "echo x\n"})
LIMITS = Limits(seconds=2, output_kb=64)


def image() -> bytes:
    """A root file system with a few commands and the libraries that they need, as a tar file."""
    paths = {Path("/usr/bin", command) for command in COMMANDS}
    for path in list(paths):
        told = subprocess.run(["/usr/bin/ldd", path], capture_output=True, text=True, check=True).stdout
        paths |= {Path(word) for word in told.split() if word.startswith("/")}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in ("bin", "lib", "lib64"):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(member)
        archive.add("/usr/lib/locale/C.utf8", "usr/lib/locale/C.utf8")
        for path in paths:
            inside = path if path.is_relative_to("/usr") else Path("/usr", *path.parts[1:])
            archive.add(path.resolve(), str(inside).lstrip("/"))
    return made.getvalue()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerHost]:
    scratch = Scratch(opened(tmp_path_factory.mktemp("scratch")))
    try:
        found = DockerHost(LIMITS, IMAGE, scratch)
    except NoSandbox as error:
        pytest.skip(str(error))
    found.client.api.import_image_from_data(image(), repository="leap_kedro-test", tag="latest")
    yield docker_host(LIMITS, IMAGE, scratch)
    found.client.images.remove(IMAGE, force=True)
    scratch.close()


def test_commands_change_what_is_theirs_and_see_no_network(host: DockerHost) -> None:
    sandbox = host.open(TREE)
    done = sandbox.exec(
        ["bash", "-c", "cat keep.txt; rm gone.txt; echo x >> run.sh; mkdir /new; echo 1 > /new/f"], "/atlas"
    )
    assert (done.output, done.exit_code, done.ending) == (b"keep\n", 0, Ending.EXITED)
    changed = {
        "atlas/gone.txt": Status.DELETED,
        "atlas/run.sh": Status.MODIFIED,
        "new/": Status.NEW,
    }
    assert sandbox.changes().files == changed
    assert b"lo" not in sandbox.exec(["bash", "-c", "exec 3<>/dev/tcp/1.1.1.1/80 && echo lost"], "/").output.split()
    other = sandbox.copy()
    assert other.exec(["cat", "/new/f"], "/").output == b"1\n"
    assert other.changes() == sandbox.changes()
    other.close()
    sandbox.reset()
    assert sandbox.changes().files == {}
    assert sandbox.exec(["ls", "/atlas"], "/").output == b"gone.txt\nkeep.txt\nrun.sh\n"
    sandbox.close()


@pytest.mark.parametrize(
    ("command", "endings"),
    [
        ("sleep 100", {Ending.TIME}),
        ("sleep 100 & sleep 100 & echo started", {Ending.TIME}),
        ("yes", {Ending.OUTPUT}),
        ("x" * 130_000, {Ending.REFUSED}),
        (":(){ :|:& };: ; echo over", {Ending.EXITED, Ending.TIME}),
    ],
)
def test_what_takes_too_much_is_ended(host: DockerHost, command: str, endings: set[Ending]) -> None:
    sandbox = host.open(TREE)
    assert sandbox.exec(["bash", "-c", command], "/").ending in endings
    assert sandbox.exec(["cat", "/atlas/keep.txt"], "/").output == b"keep\n"
    sandbox.close()


@pytest.mark.parametrize(
    ("command", "ending"),
    [
        ("echo 1 > /made; yes & yes", Ending.OUTPUT),
        ("echo 1 > /made; setsid yes > /dev/null 2>&1 &", Ending.EXITED),
    ],
)
def test_what_a_command_changed_stays_and_what_it_started_does_not(
    host: DockerHost, command: str, ending: Ending
) -> None:
    sandbox = host.open(TREE)
    assert sandbox.exec(["bash", "-c", command], "/").ending is ending
    assert sandbox.changes().files == {"made": Status.NEW}
    running = sandbox.exec(
        ["bash", "-c", 'for each in /proc/[0-9]*/cmdline; do tr "\\0" " " < $each; done'], "/"
    ).output
    assert b"yes" not in running.split()
    sandbox.close()


def test_containers_of_a_process_that_is_gone_are_removed(host: DockerHost, tmp_path: Path) -> None:
    def labels() -> set[str]:
        return {each.labels["leap_kedro.sandbox"] for each in host.client.containers.list()}

    living, gone, new = (Scratch(opened(tmp_path)) for _ in range(3))
    for scratch in (living, gone):
        DockerHost(LIMITS, IMAGE, scratch).open(TREE).exec(["echo"], "/")
    assert labels() == {str(living.folder), str(gone.folder)}
    gone.close()
    DockerHost(LIMITS, IMAGE, new)
    assert labels() == {str(living.folder)}
    living.close()
    DockerHost(LIMITS, IMAGE, new)
    assert labels() == set()
    new.close()


def test_an_image_that_is_not_there_is_named(host: DockerHost, tmp_path: Path) -> None:
    with pytest.raises(NoSandbox, match=r"with the image nowhere/image:1: .*nowhere"):
        docker_host(LIMITS, "nowhere/image:1", Scratch(opened(tmp_path)))


def test_without_a_service_it_is_said_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(NoSandbox, match=r"No Docker or Podman service answers.*DOCKER_HOST"):
        open_host(Backend.DOCKER, LIMITS, opened(tmp_path), IMAGE)
