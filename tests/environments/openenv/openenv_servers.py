"""OpenEnv servers, in a thread or in a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from fastapi import FastAPI

from leap_kedro.environments.protocol import Benchmark

SECRET = "geheim-4711"


@dataclass(frozen=True)
class ServedProcess:
    """A process that serves generated ALFWorld games, for three sessions at once."""

    url: str
    said: str
    log: Path


@contextmanager
def running(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Serve until the end of the block. Yields the address; connections that are open then break."""
    import uvicorn

    from leap_kedro.environments.openenv.server import bound

    with bound("127.0.0.1", port) as on:
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [on]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{on.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def serving(benchmark: Benchmark, secret: str | None = None) -> Iterator[str]:
    """Serve a benchmark as `kedro leap serve` does. Yields the address."""
    from leap_kedro.environments.openenv.server import server_app

    with running(server_app(benchmark, 8, secret)) as url:
        yield url
