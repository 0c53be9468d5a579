"""The actor of a Ray cluster that runs one server of a policy.

A server that ends or hangs is started again in the same actor. Ray starts an actor that dies again, on any machine with
room for it.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from leap_kedro.compute.node_files import FolderContent, NodeFolder
from leap_kedro.language_models.network import reach_directly
from leap_kedro.language_models.replicas import ReplicaGone
from leap_kedro.policies.served_folder import RunningServer, ServedFolder
from leap_kedro.policies.vllm_process import answers
from leap_kedro.records import UserError
from leap_kedro.records.errors import described, in_one_line

_POLL = 0.1  # seconds
_CHECK = 10.0
"""Seconds between two checks that the server answers."""

Sent = Sequence[tuple[str, list[Any]]]
"""Of each folder: the digest of its content, and a reference to the `FolderContent` in a list, so that it is fetched
only if the machine needs it."""

logger = logging.getLogger(__name__)


class _Unfit(Exception):
    """The server has ended or hangs."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a replica answers and under which name, or why it never will."""

    base_url: str
    name: str
    failure: str = ""


class ReplicaActor:
    """Runs a server."""

    def __init__(self) -> None:
        """A replica without a server."""
        import ray

        self._host = str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
        # The server has answered before, on another machine or in a process that has died.
        self._has_answered = bool(ray.get_runtime_context().was_current_actor_reconstructed)
        self._standing: Standing | None = None
        self._serving = False
        self._end = threading.Event()

    async def serve(self, server: ServedFolder, sent: Sent, attempts: int, silence: float) -> None:
        """Run the server until `stop`. Ray makes this call again in an actor that it starts again.

        Args:
            server: The server.
            sent: The content of its folders; empty: they are read where they are.
            attempts: Number of times that the server is started again after it has answered once.
            silence: Seconds without an answer to `/health` after which the server is started again.
        """
        self._serving = True
        try:
            await asyncio.to_thread(self._serve, server, sent, attempts, silence)
        finally:
            self._serving = False

    async def node(self) -> str:
        """Address of the machine."""
        return self._host

    async def standing(self) -> Standing:
        """Waits until the server answers, or never will."""
        while self._standing is None:
            await asyncio.sleep(_POLL)
        return self._standing

    async def stop(self) -> None:
        """End the server, if it answers."""
        self._end.set()
        while self._standing is not None and self._serving:
            await asyncio.sleep(_POLL)

    def _serve(self, server: ServedFolder, sent: Sent, attempts: int, silence: float) -> None:
        reach_directly(self._host)
        failures = 0
        while not self._end.is_set():
            try:
                with self._here(server, sent).running(self._host) as running:
                    self._has_answered = True
                    self._standing = Standing(running.base_url, running.name)
                    self._watch(running, silence)
            except Exception as error:
                self._standing = None
                failures += 1
                cause = str(error) if isinstance(error, UserError) else described(error)
                logger.warning("The server on %s: %s", self._host, cause)
                if not self._has_answered or failures > attempts:
                    self._standing = Standing("", "", cause)
                    return

    def _here(self, server: ServedFolder, sent: Sent) -> ServedFolder:
        """The server with its folders on this machine."""
        if not sent:
            return server
        import ray

        self._folders = [NodeFolder(digest) for digest, _ in sent]  # they stay while this object lives
        for folder, (_, reference) in zip(self._folders, sent, strict=True):
            if not folder.exists:
                get: Callable[[], FolderContent] = partial(ray.get, *reference)  # type: ignore[assignment]
                folder.fetch(get)
        return server.moved([folder.path for folder in self._folders])

    def _watch(self, running: RunningServer, silence: float) -> None:
        """Return when the replica has to stop; raise an exception when the server does not work any more."""
        healthy = checked = time.monotonic()
        while not self._end.wait(_POLL):
            if running.process.poll() is not None:
                raise _Unfit(f"replica on {self._host}")
            if time.monotonic() - checked < _CHECK:
                continue
            if answers(running.health):
                healthy = time.monotonic()
            elif time.monotonic() - healthy > silence:
                raise _Unfit(f"no answer to {running.health} for {silence:g} s (`compute.timeout`)")
            checked = time.monotonic()


@dataclass(frozen=True, slots=True)
class RayReplica:
    """A replica of a cluster; see `language_models.replicas.Replica`."""

    actor: Any
    base_url: str

    async def found(self) -> str:
        """See `Replica`."""
        import ray

        try:
            standing: Standing = await self.actor.standing.remote()
        except ray.exceptions.RayError as error:
            raise ReplicaGone(in_one_line(error)) from None
        if standing.failure:
            raise ReplicaGone(standing.failure)
        return standing.base_url
