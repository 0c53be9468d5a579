"""A session with an OpenEnv server: JSON messages over one WebSocket. Needs only the package `websockets`."""

import contextlib
import json
import logging
import re
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from leap_kedro.environments.openenv.errors import MissingPackage

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

MOST_BYTES = 64 << 20
"""Maximum size of an answer."""
CONNECT_SECONDS = 10.0
"""Seconds until a connection is given up."""

_HTTP = re.compile("^http")
_QUIET = logging.getLogger(f"{__name__}.frames")
_QUIET.setLevel(logging.INFO)  # at DEBUG, websockets logs all that is sent, which includes the secret
_CAPACITY = "CAPACITY_REACHED"
_OWN = ("127.0.0.1", "localhost", "::1")


class Broken(Exception):
    """The connection cannot be made, or it broke, or no answer came in time; or no session is free."""


class Refused(Exception):
    """The server answered with an error; the session goes on."""


class Session:
    """One connection, which is one environment of the server. Any thread may ask, one at a time."""

    def __init__(self, url: str, timeout: float) -> None:
        """Connect. `timeout` is that of each answer, in seconds.

        Raises:
            Broken: If it does not succeed.
            MissingPackage: If `websockets` is not installed.
        """
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ModuleNotFoundError as error:
            raise MissingPackage(error.name) from error
        self._timeout, self._broken = timeout, (WebSocketException, EOFError, OSError)  # TimeoutError is an OSError
        address = f"{_HTTP.sub('ws', url).rstrip('/')}/ws"
        proxy: Literal[True] | None = None if urlsplit(url).hostname in _OWN else True
        try:
            # Entered and never left: leaving it would wait for the server, see `close`.
            self._connection: ClientConnection = connect(
                address, max_size=MOST_BYTES, open_timeout=CONNECT_SECONDS, proxy=proxy, logger=_QUIET
            ).__enter__()
        except self._broken as error:
            raise Broken(f"cannot connect ({_said(error)}): is it running?") from error

    def reset(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Start an episode. Raises `Broken` or `Refused`."""
        return self._ask("reset", arguments)

    def step(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Execute an action. Raises `Broken` or `Refused`."""
        return self._ask("step", action)

    def state(self) -> dict[str, Any]:
        """The state of the session. Raises `Broken` or `Refused`."""
        return self._ask("state", None)

    def close(self) -> None:
        """End the session, so that the server has room for another one.

        It takes no lock and waits for nobody, since finalizers run in any thread: also in that of a connection.
        """
        with contextlib.suppress(OSError):
            self._connection.socket.shutdown(socket.SHUT_RDWR)

    def _ask(self, kind: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
        message = {"type": kind} if data is None else {"type": kind, "data": data}
        try:
            with contextlib.suppress(*self._broken):  # an error that the server sent before it closed can be read
                self._connection.send(json.dumps(message))
            answer = json.loads(self._connection.recv(timeout=self._timeout))
            content = answer["data"]
            is_error = answer["type"] == "error"
        except self._broken as error:
            raise Broken(f"{kind}: no answer ({_said(error)})") from error
        except (ValueError, TypeError, KeyError) as error:
            raise Broken(f"{kind}: the answer is none of OpenEnv's ({_said(error)})") from error
        if not isinstance(content, dict):
            raise Broken(f"{kind}: the answer is none of OpenEnv's")
        if is_error and content.get("code") == _CAPACITY:
            raise Broken(f"all {content.get('max_sessions', '')} sessions of the server are in use (--sessions)")
        if is_error:
            raise Refused(str(content.get("message", content)))
        return content


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ").partition("\n")[0]
