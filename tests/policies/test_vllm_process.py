"""A server in a child process: started, waited for, and always stopped. The server is Python's own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leap_kedro.policies.protocol import PolicyStopped
from leap_kedro.policies.vllm_process import ServingFailed, free_port, running_server

OUT_OF_MEMORY = "torch.OutOfMemoryError: tried to allocate 15.00 GiB"
FAILS = f"echo Loading weights; echo [core.py:1] {OUT_OF_MEMORY}; seq 40"
"""As vLLM does: one of its processes fails, the others then print their own errors."""


@pytest.fixture
def healthy(tmp_path: Path) -> tuple[list[str], str, Path]:
    """A server that starts a child, the URL of its health, and the file with the numbers of both processes."""
    port, numbers = free_port(), tmp_path / "numbers"
    return *server(tmp_path, port, numbers), numbers


def server(folder: Path, port: int, numbers: Path) -> tuple[list[str], str]:
    (folder / "health").touch()
    serve = f"{sys.executable} -m http.server {port} --bind 127.0.0.1 --directory {folder}"
    script = f"echo Loading weights; sleep 600 & echo $! $$ > {numbers}; exec {serve}"
    return ["sh", "-c", script], f"http://127.0.0.1:{port}/health"


def processes(numbers: Path) -> list[int]:
    return list(map(int, numbers.read_text().split()))


def wait_until(true: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def are_gone(numbers: Path) -> bool:
    return all(map(is_gone, processes(numbers)))


@pytest.mark.parametrize(
    ("command", "timeout", "reason"),
    [
        (["sh", "-c", f"{FAILS}; exit 3"], 30, r"ended before it was ready \(exit code 3\)"),
        (["sh", "-c", f"{FAILS}; sleep 600"], 6, "is not ready after 6 s"),
    ],
    ids=["dies", "never ready"],
)
def test_a_server_that_does_not_start_is_an_error_with_its_log(command: list[str], timeout: float, reason: str) -> None:
    health = f"http://127.0.0.1:{free_port()}/health"
    with (
        pytest.raises(ServingFailed, match=rf"{reason}(?s:.*)\n{OUT_OF_MEMORY}\n(?s:.*)\n40$") as failed,
        running_server(command, {}, health, timeout),
    ):
        pass
    (log,) = (Path(word) for word in str(failed.value).split() if word.endswith(".log"))
    assert "Loading weights" in log.read_text()
    log.unlink()


def test_a_program_that_is_absent_is_named() -> None:
    with (
        pytest.raises(ServingFailed, match=r"no program 'no-such-vllm'(?s:.*)`serving.command`"),
        running_server(["no-such-vllm"], {}, "http://127.0.0.1:9/health", 1),
    ):
        pass


def test_a_server_that_dies_while_it_is_needed(healthy: tuple[list[str], str, Path]) -> None:
    command, health, numbers = healthy

    def need() -> None:
        os.kill(processes(numbers)[-1], signal.SIGKILL)
        raise PolicyStopped("no answer")

    reason = r"ended while it was needed \(exit code 137; no answer\)(?s:.*)Errors in its log"
    with pytest.raises(ServingFailed, match=reason), running_server(command, {}, health, 30):
        need()
    assert wait_until(lambda: are_gone(numbers))


def test_the_server_ends_with_the_block_and_its_children_too(healthy: tuple[list[str], str, Path]) -> None:
    command, health, numbers = healthy
    with running_server(command, {}, health, 30):
        assert not any(map(is_gone, processes(numbers)))
    assert wait_until(lambda: are_gone(numbers))
    with pytest.raises(PolicyStopped, match="the budget is spent"), running_server(command, {}, health, 30):
        raise PolicyStopped("the budget is spent")
    assert wait_until(lambda: are_gone(numbers))


def test_the_server_never_outlives_the_run(tmp_path: Path) -> None:
    place = {**os.environ, "TMPDIR": str(tmp_path)}  # of the log, which a killed run leaves behind
    runs = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):  # at once: each has to start Python
        command, health = server(tmp_path, free_port(), tmp_path / number.name)
        program = f"""
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it, and its children
from leap_kedro.policies.vllm_process import running_server

with running_server({command!r}, {{}}, {health!r}, 30):
    print("ready", flush=True)
    time.sleep(600)
"""
        runs[number] = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=place,
        )
    try:
        for number, started in runs.items():
            assert started.stdout is not None
            assert started.stdout.readline() == "ready\n"
            os.kill(started.pid, number)
            started.wait(30)
            assert wait_until(lambda name=number.name: are_gone(tmp_path / name)), number.name
    finally:
        for started in runs.values():
            started.kill()
            started.communicate()
