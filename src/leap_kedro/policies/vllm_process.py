"""Runs a server of language models as a child process: starts it, waits until it answers, and always stops it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from leap_kedro.language_models.network import client_options
from leap_kedro.policies.guard import PATIENCE
from leap_kedro.records import UserError

_LOG_LINES = 15
_ERRORS = 5
_ERROR = re.compile(r"(?:^|[\s\]])([\w.]*(?:Error|Exception): .{,300})")
_POLL = 0.2  # seconds
_APART = ("sh", "-c", '"$@"; exit $?', "sh")
"""Makes the guard a grandchild: a process of a Ray cluster that ends kills its children, and the guard must live on."""
_DYING = 5.0  # seconds to wait for a server that is ending


class ServingFailed(UserError):
    """The server of a policy cannot answer; the message gives the reason and the remedy."""


def free_port(host: str = "127.0.0.1") -> int:
    """A currently unused port of this machine, at one of its addresses."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running_server(
    command: Sequence[str], environment: Mapping[str, str], health: str, ready_timeout: float
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a server during the block; the process that it gives ends with the server.

    The server is stopped at the end of the block, also after an error or Ctrl-C, or if this process is killed. Its
    output goes to a log file, which is removed unless the server fails.

    Args:
        command: Program and arguments.
        environment: Additional environment variables.
        health: URL that answers with status 200 once the server is ready.
        ready_timeout: Maximum seconds until then.

    Raises:
        ServingFailed: If the program does not exist, ends, or does not answer in time.
    """
    if shutil.which(command[0]) is None:
        raise ServingFailed(
            f"There is no program '{command[0]}' to start a server with. vLLM has its own environment: name its "
            "program in `serving.command`, or set `base_url` to that of a running server."
        )
    descriptor, name = tempfile.mkstemp(prefix="leap-server-", suffix=".log")
    log = Path(name)
    with os.fdopen(descriptor, "wb") as output:
        guard = subprocess.Popen(
            [*_APART, sys.executable, "-m", "leap_kedro.policies.guard", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C reaches only this process, which then stops the server
        )
    failed = False
    try:
        _wait_until_ready(guard, health, ready_timeout)
        yield guard
    except Exception as error:
        ended = not isinstance(error, _NotReady) and _has_ended(guard, health)
        failed = ended or isinstance(error, _NotReady)
        if not failed:
            raise
        what = f"ended while it was needed (exit code {guard.returncode}; {error})" if ended else str(error)
        said = _errors_and_end(log.read_text(errors="replace"))
        raise ServingFailed(
            f"The server {what}. Command:  {' '.join(command)}\nErrors in its log {log} and its end:\n{said}"
        ) from error
    finally:
        _stop(guard)
        if not failed:
            log.unlink(missing_ok=True)


def _errors_and_end(log: str) -> str:
    """The last lines of a log after its first errors: a server of several processes does not repeat the cause."""
    lines = log.strip().splitlines()
    errors = [found[1] for line in lines[:-_LOG_LINES] if (found := _ERROR.search(line))]
    return "\n".join([*dict.fromkeys(errors)][:_ERRORS] + lines[-_LOG_LINES:]) or "(nothing)"


class _NotReady(Exception):
    """Why the server does not become ready."""


def _wait_until_ready(guard: "subprocess.Popen[bytes]", health: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not answers(health):
        if guard.poll() is not None:
            raise _NotReady(f"ended before it was ready (exit code {guard.returncode})")
        if time.monotonic() > deadline:
            raise _NotReady(f"is not ready after {timeout:g} s (`ready_timeout`; {health} does not answer)")
        time.sleep(_POLL)


def _has_ended(guard: "subprocess.Popen[bytes]", health: str) -> bool:
    if answers(health):
        return False
    with suppress(subprocess.TimeoutExpired):
        guard.wait(_DYING)
    return guard.poll() is not None


def answers(url: str) -> bool:
    """Whether a URL answers with status 200."""
    import httpx2

    try:
        return httpx2.get(url, timeout=5.0, **client_options(url)).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False


def _stop(guard: "subprocess.Popen[bytes]") -> None:
    assert guard.stdin is not None  # noqa: S101
    guard.stdin.close()
    try:
        guard.wait(2 * PATIENCE)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait()
