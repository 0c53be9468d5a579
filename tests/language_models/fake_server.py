"""A server of chat completions that says what a test tells it to, over real HTTP on loopback, and logs every call."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Call:
    """A request that arrived. `body` is its JSON."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    time: float

    @property
    def prompt(self) -> str:
        """Content of the last message."""
        return self.body["messages"][-1]["content"]


@dataclass(frozen=True)
class Reply:
    """What to send back.

    Attributes:
        body: The body.
        status: The status.
        headers: The headers.
        delay: Seconds until it is sent.
        together: How many calls must have been in flight at once before the delay begins.
        cut: Only this many bytes of the body are sent, then the server hangs up.
        drop: The server hangs up without a word.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    delay: float = 0.0
    together: int = 0
    cut: int | None = None
    drop: bool = False


def says(
    text: str | list[dict[str, Any]] | None,
    *,
    finish: str = "stop",
    refusal: str | None = None,
    tokens: tuple[int, int] | None = (100, 10),
    cached_tokens: int = 0,
    delay: float = 0.0,
    thoughts: str | None = None,
    calls: object = None,
) -> Reply:
    """An ordinary answer; `tokens` are those of prompt and completion."""
    usage = tokens and {
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "total_tokens": sum(tokens),
        "prompt_tokens_details": {"cached_tokens": cached_tokens},
    }
    message = {"role": "assistant", "content": text, "refusal": refusal, "reasoning_content": thoughts}
    if calls is not None:
        message["tool_calls"] = calls
    tree = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }
    return Reply(json.dumps(tree).encode(), delay=delay)


def fails(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    """An error in OpenAI's form; `retry_after="3"` is the header Retry-After."""
    error = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(error).encode(), status, {"content-type": "application/json", **named})


Script = Callable[[Call], Reply | Awaitable[Reply]] | list[Reply]


class FakeServer:
    """`with FakeServer(script) as server:`; a list is worked off, its last reply is repeated."""

    def __init__(self, script: Script, port: int = 0, host: str = "127.0.0.1") -> None:
        self.calls: list[Call] = []
        self.most_at_once = 0
        self._at_once = 0
        self._script = script
        self._port, self._host = port, host
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def base_url(self) -> str:
        """Base URL for clients."""
        return f"http://{self._host}:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the fake server does not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def prompts(self) -> list[str]:
        """Last messages of all calls, in the order of arrival."""
        return [call.prompt for call in self.calls]

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, self._host, self._port, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        call = Call(len(self.calls), head[0].split()[1], headers, json.loads(body or b"{}"), time.time())
        self.calls.append(call)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            reply = await self._reply(call)
            while self.most_at_once < reply.together:
                await asyncio.sleep(0.01)
            await asyncio.sleep(reply.delay)
        finally:
            self._at_once -= 1
        if reply.drop:
            return False
        lines = {**reply.headers, "content-length": str(len(reply.body))}
        head_out = f"HTTP/1.1 {reply.status} -\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(head_out.encode("latin-1") + b"\r\n" + reply.body[: reply.cut])
        await writer.drain()
        return reply.cut is None

    async def _reply(self, call: Call) -> Reply:
        if callable(self._script):
            reply = self._script(call)
            return reply if isinstance(reply, Reply) else await reply
        return self._script[min(call.number, len(self._script) - 1)]
