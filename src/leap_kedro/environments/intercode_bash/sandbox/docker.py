"""Sandboxes in containers of a Docker or Podman service.

A container has no network, no capabilities but those over its own files, no way to new privileges, and limits on
memory and processes that the kernel keeps; all that a command started is ended with it. Not covered: the kernel is
shared, and whoever may use the service's socket is as good as root on the host; the disk is not limited, and a
command's time and output are kept by ``timeout`` and ``head`` inside the container. The tree is written over the
image's own files, which an official image has at the same places.
"""

import io
import tarfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from leap_kedro.environments.intercode_bash.sandbox.layer import compare, whole
from leap_kedro.environments.intercode_bash.sandbox.protocol import (
    Changes,
    Ending,
    Executed,
    Layer,
    Limits,
    NoSandbox,
    SandboxFailure,
)
from leap_kedro.environments.intercode_bash.sandbox.scratch import Scratch
from leap_kedro.environments.intercode_bash.sandbox.trees import Entry, Kind, Tree, members

if TYPE_CHECKING:
    from docker.models.containers import Container

_LABEL = "leap_kedro.sandbox"
_OVER_FILES = ("CHOWN", "DAC_OVERRIDE", "FOWNER")  # Podman's "/" may not be written without
_WATCHED = """\
timeout -s KILL "$0" bash -c '"${@:2}" 2>&1 | head -c "$1"; exit "${PIPESTATUS[0]}"' bash "$@"
code=$?
kill -9 -1 2> /dev/null
exit "$code"
"""  # as "bash -c _WATCHED SECONDS BYTES COMMAND ..."; `kill -1` spares the shell that says it
_FIRST_PROCESS = "while :; do sleep infinity & wait $!; done"  # a shell buries what the killed ones leave
_TIMED_OUT = (124, 137)
_DELETED = 2  # kind of a change in Docker's list
_FOLDER = 1 << 31  # bit of Go's file modes
_TYPES = {Kind.FILE: tarfile.REGTYPE, Kind.FOLDER: tarfile.DIRTYPE, Kind.LINK: tarfile.SYMTYPE}


class DockerHost:
    """Opens sandboxes in containers of one image."""

    name = "docker"

    def __init__(self, limits: Limits, image: str, scratch: Scratch) -> None:
        """Find the service, and remove the containers of processes that are gone.

        Raises:
            NoSandbox: If the package or the service is not there.
        """
        try:
            import docker
            from docker.errors import DockerException
        except ImportError as error:
            raise NoSandbox("The package for Docker is not installed: pip install docker.") from error
        self.failures = (DockerException, OSError)
        try:
            self.client = docker.from_env()
            self.client.ping()
            for container in self.client.containers.list(all=True, filters={"label": _LABEL}):
                if not (scratch.parent / container.labels[_LABEL]).exists():
                    container.remove(force=True)
        except self.failures as error:
            raise NoSandbox(
                f"No Docker or Podman service answers ({error}). Start it, and set DOCKER_HOST where its socket is not "
                "/var/run/docker.sock."
            ) from error
        self.limits, self.image, self.owner = limits, image, scratch.folder.name

    def open(self, tree: Tree) -> "DockerSandbox":
        """A fresh sandbox over a tree."""
        return DockerSandbox(self, tree)


class DockerSandbox:
    """One container, made when it is needed."""

    def __init__(self, host: DockerHost, tree: Tree) -> None:
        self._host, self._tree = host, tree
        self._container: Container | None = None

    def exec(self, argv: Sequence[str], workdir: str) -> Executed:
        """Run a program; see `Sandbox.exec`."""
        limits = self._host.limits
        if any("\0" in argument or len(argument) > limits.command_characters for argument in argv):
            return Executed(b"", 126, Ending.REFUSED)
        container = self._container or self._start()
        api = container.client.api
        most = limits.output_kb * 1024
        watched = ["bash", "-c", _WATCHED, str(limits.seconds), str(most + 1), *argv]
        try:
            handle = api.exec_create(container.id, watched, workdir=workdir)["Id"]
            output = api.exec_start(handle)
            code = api.exec_inspect(handle)["ExitCode"]
        except self._host.failures as error:
            raise SandboxFailure(f"The container failed: {error}") from error
        if len(output) > most:
            return Executed(output[:most], code, Ending.OUTPUT)
        return Executed(output, code, Ending.TIME if code in _TIMED_OUT else Ending.EXITED)

    def layer(self) -> Layer:
        """What the file system has over the tree; see `Sandbox.layer`."""
        return Layer({}, frozenset()) if self._container is None else self._read(self._container)

    def changes(self) -> Changes:
        """How the file system differs from the tree; see `Sandbox.changes`."""
        return compare(self.layer(), self._tree)

    def copy(self) -> "DockerSandbox":
        """Another one in the same state."""
        other = DockerSandbox(self._host, self._tree)
        if self._container is not None:
            layer = self._read(self._container)
            kept = {path: entry for path, entry in self._tree.entries.items() if path not in layer.hidden}
            other._start(Tree({**kept, **layer.present}))
        return other

    def reset(self) -> None:
        """Put the tree back: the container is removed, and made anew when it is needed."""
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
        try:
            for change in container.diff() or ():
                path = change["Path"].lstrip("/")
                if change["Kind"] != _DELETED and (entry := _entry(container, path)) is not None:
                    present[path] = entry
        except self._host.failures as error:
            raise SandboxFailure(f"The changes in a container cannot be read: {error}") from error
        return whole(present, self._tree)


def _entry(container: "Container", path: str) -> Entry | None:
    chunks, about = container.get_archive(f"/{path}")
    if about["linkTarget"] == "" and about["mode"] & _FOLDER:  # what it holds comes by itself
        return Entry(Kind.FOLDER, mode=about["mode"] & 0o777)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        return next((entry for _, entry in members(archive)), None)


def _archive(tree: Tree) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path, entry in tree.entries.items():
            member = tarfile.TarInfo(path)
            member.mode, member.mtime = entry.mode, entry.modified
            member.type = _TYPES[entry.kind]
            member.linkname = entry.content.decode() if entry.kind is Kind.LINK else ""
            content = entry.content if entry.kind is Kind.FILE else b""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()
