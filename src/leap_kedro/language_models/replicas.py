"""Several servers of one model: the requests of a conversation go to one of them, so that its prefix cache is used.

A server that cannot be reached is left out until its replica says where it answers; its requests go to others at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar

from leap_kedro.language_models.errors import ModelRefusedRequest

Result = TypeVar("Result")

_PAUSE = 1.0
"""Seconds before a replica is asked for its address again: it has to notice the end of its server first."""

logger = logging.getLogger(__name__)


class Transient(Exception):
    """A temporary failure; `wait` is the number of seconds that the server asks to wait, if given."""

    def __init__(self, description: str, wait: float | None = None) -> None:
        super().__init__(description)
        self.wait = wait


class Unreachable(Transient):
    """There is no connection to the server."""


class ReplicaGone(Exception):
    """A replica will never answer again; the message gives the cause."""


class Replica(Protocol):
    """A server that may be started again at another address; picklable."""

    @property
    def base_url(self) -> str:
        """URL of the API where it answered when this object was made."""
        ...

    async def found(self) -> str:
        """URL of the API, as soon as it answers.

        Raises:
            ReplicaGone: If it never will.
        """
        ...


@dataclass(slots=True, eq=False)
class _Server:
    """A replica as this process sees it: its URL ("" while it has none), calls under way, and why it is gone."""

    replica: Replica
    number: int
    base_url: str
    calls: int = 0
    gone: str = ""


class Spread:
    """Spreads calls over replicas; all calls must be in one event loop."""

    def __init__(self, replicas: Sequence[Replica], patience: float) -> None:
        """Calls wait at most `patience` seconds for a replica that answers."""
        self._servers = [_Server(replica, number, replica.base_url) for number, replica in enumerate(replicas)]
        self._patience = patience
        self._places: dict[str, _Server] = {}
        self._searches: set[asyncio.Task[None]] = set()

    async def call(self, conversation: str, ask: Callable[[str], Awaitable[Result]]) -> Result:
        """What `ask` returns for the URL of a server.

        Args:
            conversation: Name of the conversation; "": none, any server will do.
            ask: A call, which is made again with another server if it raises `Unreachable`.

        Raises:
            Transient: As `ask`; the next call of the conversation goes to another server.
            ModelRefusedRequest: If there is no server any more.
        """
        failures = 0
        while True:
            server = await self._server(conversation)
            base_url = server.base_url
            server.calls += 1
            try:
                return await ask(base_url)
            except Transient as failure:
                self._places.pop(conversation, None)
                if not isinstance(failure, Unreachable):
                    self._move(conversation, server)
                    raise
                self._lose(server, base_url, failure)
                failures += 1
                if failures > len(self._servers):
                    raise
            finally:
                server.calls -= 1

    async def _server(self, conversation: str) -> _Server:
        server = self._places.get(conversation)
        if server is None or not server.base_url:
            server = self._least_busy(conversation, self._living() or await self._returned())
            if conversation:
                self._places[conversation] = server
        return server

    def _living(self) -> list[_Server]:
        return [server for server in self._servers if server.base_url]

    @staticmethod
    def _least_busy(conversation: str, servers: Sequence[_Server]) -> _Server:
        # Several processes choose without knowing of each other's calls: the hash makes their first choices differ.
        def rank(server: _Server) -> tuple[int, bytes]:
            return server.calls, sha256(f"{conversation}/{server.number}".encode()).digest()

        return min(servers, key=rank)

    def _move(self, conversation: str, server: _Server) -> None:
        """Give the conversation another server, if there is one."""
        others = [each for each in self._living() if each is not server]
        if conversation and others:
            self._places[conversation] = self._least_busy(conversation, others)

    def _lose(self, server: _Server, base_url: str, failure: Transient) -> None:
        if server.base_url != base_url:
            return  # Another call has noticed it before.
        server.base_url = ""
        logger.warning("The replica at %s is lost (%s); %d are left.", base_url, failure, len(self._living()))
        search = asyncio.get_running_loop().create_task(self._search(server))
        self._searches.add(search)
        search.add_done_callback(self._searches.discard)

    async def _search(self, server: _Server) -> None:
        await asyncio.sleep(_PAUSE)
        try:
            server.base_url = await server.replica.found()
        except ReplicaGone as error:
            server.gone = str(error)
        else:
            logger.warning("Replica %d answers at %s.", server.number, server.base_url)

    async def _returned(self) -> list[_Server]:
        """The servers that answer again, when all were lost."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while self._searches and not self._living() and (left := deadline - loop.time()) > 0:
            await asyncio.wait(self._searches, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if living := self._living():
            return living
        causes = [server.gone for server in self._servers if server.gone]
        raise ModelRefusedRequest(
            f"None of the {len(self._servers)} replicas of the model answers any more. What is finished is kept; run "
            f"the same command again for the rest. {causes[-1] if causes else ''}".rstrip()
        )
