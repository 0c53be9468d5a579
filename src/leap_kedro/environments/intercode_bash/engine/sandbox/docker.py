"""Sandboxes in containers of a Docker or Podman service.

A container has no network, only capabilities over its own files, and no way to gain privileges. The kernel limits its
memory, processes and file sizes. ``timeout`` and ``head`` limit a command's time and output inside the container, and
all its processes end with it. A command that evades them is ended from outside by restarting the container.

Not covered: the kernel is shared; access to the service's socket is equivalent to root on the host; the disk is only
limited per file. The tree is written over the image's own files, which an official image has at the same places.
"""

import io
import os
import tarfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from leap_kedro.environments.intercode_bash.engine.sandbox.layer import compare, whole
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import (
    Changes,
    Ending,
    Executed,
    Layer,
    Limits,
    NoSandbox,
    SandboxFailure,
)
from leap_kedro.environments.intercode_bash.engine.sandbox.scratch import Scratch
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Entry, Kind, Tree, members

if TYPE_CHECKING:
    from docker.models.containers import Container

_LABEL = "leap_kedro.sandbox"
_OVER_FILES = ("CHOWN", "DAC_OVERRIDE", "FOWNER")  # required to write to "/" with Podman
_WATCHED = """\
cd "$2" 2> /dev/null
timeout -s KILL "$0" bash -c '"${@:3}" 2>&1 | head -c "$1"; exit "${PIPESTATUS[0]}"' bash "$@"
code=$?
kill -9 -1 2> /dev/null
exit "$code"
"""  # as "bash -c _WATCHED SECONDS BYTES DIRECTORY COMMAND ..."; `kill -1` spares the shell that runs it
_FIRST_PROCESS = "while :; do sleep infinity & wait $!; done"  # the shell reaps killed processes
_ENDINGS = {124: Ending.TIME, 137: Ending.TIME, None: Ending.TIME}
"""By exit code; None for a command that was ended from outside."""
_PATIENCE = 5  # seconds beyond its limit after which a command is ended from outside
_DELETED = 2  # kind of a change in Docker's list
_FOLDER = 1 << 31  # bits of Go's file modes
_NO_FILE = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21  # a device, a pipe, a socket
_TYPES = {Kind.FILE: tarfile.REGTYPE, Kind.FOLDER: tarfile.DIRTYPE, Kind.LINK: tarfile.SYMTYPE}


class DockerHost:
    """Opens sandboxes in containers of one image."""

    name = "docker"

    def __init__(self, limits: Limits, image: str, scratch: Scratch) -> None:
        """Connect to the service, and remove the containers of processes that have ended.

        Raises:
            NoSandbox: If the package or the service is missing.
        """
        try:
            import docker
            from docker.errors import APIError, DockerException
            from requests import RequestException
        except ImportError as error:
            raise NoSandbox("The package for Docker is not installed: pip install docker.") from error
        self.failures = (DockerException, RequestException, OSError)
        try:
            self.client = docker.from_env()
            self.watching = docker.from_env(timeout=int(limits.seconds) + _PATIENCE)
            self.client.ping()
            labelled = {"label": _LABEL}
            for container in self.client.containers.list(all=True, filters=labelled, ignore_removed=True):
                folder = Path(container.labels[_LABEL])
                if folder.parent == scratch.parent and not folder.exists():
                    with suppress(APIError):  # another process may be removing it
                        container.remove(force=True)
        except self.failures as error:
            raise NoSandbox(
                f"No Docker or Podman service answers ({error}). Start it, and set DOCKER_HOST if its socket is not "
                "/var/run/docker.sock."
            ) from error
        self.limits, self.image, self.owner = limits, image, str(scratch.folder)

    def open(self, tree: Tree) -> "DockerSandbox":
        """A new sandbox over a tree."""
        return DockerSandbox(self, tree)


class DockerSandbox:
    """A container, created when it is needed."""

    def __init__(self, host: DockerHost, tree: Tree) -> None:
        self._host, self._tree = host, tree
        self._container: Container | None = None

    def exec(self, argv: Sequence[str], workdir: str) -> Executed:
        """Run a program; see `Sandbox.exec`."""
        limits = self._host.limits
        try:
            sizes = [len(argument.encode("utf-8")) for argument in argv]
        except UnicodeEncodeError:
            return Executed(b"", 126, Ending.REFUSED)
        if max(sizes) > limits.command_characters or any("\0" in argument for argument in argv):
            return Executed(b"", 126, Ending.REFUSED)
        container = self._container or self._start()
        max_bytes = limits.output_kb * 1024
        watched = ["bash", "-c", _WATCHED, str(limits.seconds), str(max_bytes + 1), workdir, *argv]
        try:
            return self._run(container, watched, max_bytes)
        except self._host.failures as error:
            raise SandboxFailure(f"The container failed: {error}") from error

    def _run(self, container: "Container", command: list[str], max_bytes: int) -> Executed:
        api = self._host.watching.api
        handle = api.exec_create(container.id, command)["Id"]
        last = time.monotonic() + self._host.limits.seconds + _PATIENCE
        output = bytearray()
        for part in api.exec_start(handle, stream=True):
            output += part
            if len(output) > max_bytes + 1 or time.monotonic() > last:  # `timeout` or `head` was killed
                container.restart(timeout=1)
                break
        if len(output) > max_bytes:
            return Executed(bytes(output[:max_bytes]), -9, Ending.OUTPUT)
        code = api.exec_inspect(handle)["ExitCode"]
        return Executed(bytes(output), -9 if code is None else code, _ENDINGS.get(code, Ending.EXITED))

    def layer(self) -> Layer:
        """The layer over the tree; see `Sandbox.layer`."""
        return Layer({}, frozenset()) if self._container is None else self._read(self._container)

    def changes(self) -> Changes:
        """The changes to the tree; see `Sandbox.changes`."""
        return compare(self.layer(), self._tree)

    def copy(self) -> "DockerSandbox":
        """Another sandbox in the same state."""
        other = DockerSandbox(self._host, self._tree)
        if self._container is not None:
            layer = self._read(self._container)
            kept = {path: entry for path, entry in self._tree.entries.items() if path not in layer.hidden}
            other._start(Tree({**kept, **layer.present}))
        return other

    def reset(self) -> None:
        """Restore the tree: the container is removed, and created again when it is needed."""
        if self._container is not None:
            try:
                self._container.remove(force=True)
            except self._host.failures as error:
                raise SandboxFailure(f"The container {self._container.short_id} cannot be removed: {error}") from error
            self._container = None

    def close(self) -> None:
        """Remove the container."""
        self.reset()

    def _start(self, tree: Tree | None = None) -> "Container":
        self.reset()
        limits = self._host.limits
        try:
            self._container = self._host.client.containers.run(
                self._host.image,
                ["bash", "-c", _FIRST_PROCESS],
                entrypoint="",
                detach=True,
                labels={_LABEL: self._host.owner},
                network_mode="none",
                use_config_proxy=False,
                ulimits=[
                    {"Name": name, "Soft": most, "Hard": most}
                    for name, most in (("fsize", limits.file_mb << 20), ("nofile", 256), ("core", 0), ("nproc", 4096))
                ],
                cap_drop=["ALL"],
                cap_add=list(_OVER_FILES),
                security_opt=["no-new-privileges"],
                mem_limit=f"{limits.memory_mb}m",
                memswap_limit=f"{limits.memory_mb}m",
                pids_limit=limits.processes,
                environment={"LC_ALL": "C.UTF-8"},
                working_dir="/",
            )
            self._container.put_archive("/", _archive(tree or self._tree))
        except self._host.failures as error:
            raise SandboxFailure(f"A container of {self._host.image} cannot be started: {error}") from error
        return self._container

    def _read(self, container: "Container") -> Layer:
        present: dict[str, Entry] = {}
        limits = self._host.limits
        size = 0
        try:
            changed = container.diff() or ()
            if len(changed) > limits.entries + len(self._tree.entries):
                raise SandboxFailure(f"A command changed more than {limits.entries} files.")
            for change in changed:
                path = change["Path"].lstrip("/")
                if change["Kind"] != _DELETED and (entry := _entry(container, path)) is not None:
                    present[path] = entry
                    size += len(entry.content)
                if size > limits.disk_mb << 20:
                    raise SandboxFailure(f"A command changed more than {limits.disk_mb} MB.")
        except self._host.failures as error:
            raise SandboxFailure(f"The changes in a container cannot be read: {error}") from error
        return whole(present, self._tree)


def _entry(container: "Container", path: str) -> Entry | None:
    chunks, about = container.get_archive(f"/{path}")
    if about["linkTarget"] == "" and about["mode"] & _FOLDER:  # its contents are listed separately
        return Entry(Kind.FOLDER, mode=about["mode"] & 0o777)
    if about["mode"] & _NO_FILE:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        return next((entry for _, entry in members(archive)), None)


def _archive(tree: Tree) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path, entry in tree.entries.items():
            member = tarfile.TarInfo(path)
            member.mode, member.mtime = entry.mode, entry.modified
            member.type = _TYPES[entry.kind]
            member.linkname = os.fsdecode(entry.content) if entry.kind is Kind.LINK else ""
            content = entry.content if entry.kind is Kind.FILE else b""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()
