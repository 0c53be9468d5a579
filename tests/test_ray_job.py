"""A job that is submitted as docs/scale.md says, to a head node of Ray: it runs in the project and shows no key."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from loop_project import UNWANTED, LoopProject

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CANARIES = {"file": "sk-canary-in-the-file-0123456789", "environment": "sk-canary-in-the-environment-0123456789"}
RAY = (sys.executable, "-m", "ray.scripts.scripts")
START = 180.0  # seconds


@dataclass(frozen=True)
class Head:
    """A running head node.

    Attributes:
        address: Where jobs are submitted.
        folder: Ray's temporary folder.
    """

    address: str
    folder: Path

    def job(self, *arguments: str) -> str:
        """Run `ray job ARGUMENTS`: what it prints."""
        command, *rest = arguments
        return subprocess.run(
            [*RAY, "job", command, "--address", self.address, *rest], capture_output=True, text=True, check=False
        ).stdout


def free_ports(number: int) -> list[str]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def started(folder: Path) -> tuple["subprocess.Popen[bytes]", str]:
    """Start a head node whose environment has a key: its process, and where jobs are submitted."""
    gcs, dashboard, agent, client = free_ports(4)
    ports = {"port": gcs, "dashboard-port": dashboard, "dashboard-agent-listen-port": agent}
    ports |= {"ray-client-server-port": client}
    options = ["--num-cpus=1", "--object-store-memory=100000000", f"--temp-dir={folder}"]
    process = subprocess.Popen(
        [*RAY, "start", "--head", "--block", *options, *(f"--{name}={port}" for name, port in ports.items())],
        env={name: value for name, value in os.environ.items() if name not in (*UNWANTED, "RAY_ADDRESS")}
        | {"OPENAI_API_KEY": CANARIES["environment"], "RAY_USAGE_STATS_ENABLED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return process, f"http://127.0.0.1:{dashboard}"


def answers(process: "subprocess.Popen[bytes]", address: str) -> bool:
    """Wait until jobs can be submitted, or the process has ended."""
    deadline = time.monotonic() + START
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{address}/api/version", timeout=5).close()  # noqa: S310 - this machine
            return True
        time.sleep(0.5)
    return False


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a node and its processes, and no other node's as `ray stop` would."""
    if process.poll() is not None:
        return
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    folder = Path(tempfile.mkdtemp(prefix="ray"))  # short, for the names of sockets
    for _ in range(3):  # Ray gives a node 30 seconds, which a busy machine may exceed
        process, address = started(folder)
        try:
            if answers(process, address):
                yield Head(address, folder)
                break
        finally:
            stop(process)
    else:
        pytest.fail("no head node has started")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_submitted_job_runs_in_the_project_and_shows_no_key(head: Head, tmp_path: Path) -> None:
    project = LoopProject(tmp_path / "project", tmp_path / "base")
    (project.folder / "conf/local/credentials.yml").write_text(f"openai: {{api_key: {CANARIES['file']}}}\n")
    page = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
    (documented,) = re.findall(r"^ray job submit .*? -- (sh -c .+)$", page, re.M)
    *shell, script = shlex.split(documented)
    project_folder, _, _ = script.removeprefix("cd ").partition(" && ")
    connects = (
        "import os; from leap_kedro.compute import cluster, ComputeParameters as P; cluster.connect(P(kind='ray')); "
        "print(cluster.resources(), len(os.environ['OPENAI_API_KEY']))"
    )
    script = script.replace(project_folder, str(project.folder))
    script, kedro = re.subn(r"exec kedro leap run.*", f"{sys.executable} -m kedro leap status", script)
    assert kedro == 1
    script += f" && {sys.executable} -c {shlex.quote(connects)}"

    submitted = head.job("submit", "--submission-id", "shown", "--", *shell, script)
    logs = head.job("logs", "shown")
    assert "Experiments in" in submitted, submitted
    assert f"1 machine, 1 of 1 CPUs free {len(CANARIES['environment'])}" in logs
    (job,) = json.load(urllib.request.urlopen(f"{head.address}/api/jobs/"))  # noqa: S310 - this machine
    assert (job["status"], job["runtime_env"]) == ("SUCCEEDED", {})
    shown = [submitted, logs, head.job("status", "shown"), head.job("list"), json.dumps(job)]
    files = [path.read_bytes() for path in head.folder.rglob("*") if path.is_file()]
    for canary in CANARIES.values():
        assert not [text for text in shown if canary in text]
        assert not any(canary.encode() in content for content in files)
