"""Sandboxes for tests, skipped with the reason where none works."""

import os
from pathlib import Path

import pytest

from leap_kedro.environments.intercode_bash.benchmark import InterCodeBash
from leap_kedro.environments.intercode_bash.engine.runtime import Runtime, runtime_of
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import NoSandbox
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.protocol import Benchmark


def runtime_or_skip(options: InterCodeBashOptions | None = None) -> Runtime:
    try:
        return runtime_of(options or InterCodeBashOptions())
    except NoSandbox as error:
        pytest.skip(str(error))


def benchmark_or_skip() -> Benchmark:
    runtime_or_skip()
    return InterCodeBash()


def opened(folder: Path) -> Path:
    """A folder for sandboxes that another user can enter, as root needs it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder, *folder.parents):
        about = path.stat()
        if about.st_uid == os.getuid() and not about.st_mode & 0o001:
            path.chmod(about.st_mode & 0o7777 | 0o011)
    return folder
