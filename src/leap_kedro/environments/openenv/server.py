"""Any environment as an OpenEnv server: one environment for each connection. Needs the extra ``[openenv]``.

A reset takes `split`, `index` and `seed`. A step's reward is what it adds to the score, since trainers sum rewards; the
score itself is in the observation. The state of a session names its task. It has privileged facts only after a reset
with the secret that the server was started with: whoever reaches the port can ask for the state.
"""

import asyncio
import hmac
import socket
from functools import partial
from typing import Any

from fastapi import FastAPI, HTTPException
from openenv.core.env_server import Action, Environment, Observation, State, create_fastapi_app
from openenv.core.env_server.types import EnvironmentMetadata
from pydantic import Field

from leap_kedro.environments import protocol
from leap_kedro.environments.openenv.catalogue import Catalogue
from leap_kedro.environments.openenv.errors import (
    SECRET_VARIABLE,
    CannotServe,
    NoSuchTask,
    NotPlaying,
    WrongSecret,
)
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.records import Task

_MOST_LISTED = 1_000  # tasks in an answer


class TextAction(Action):  # type: ignore[misc]
    """One action."""

    text: str = Field(description="One action, on one line. Where actions are listed, copy one of them.")


class TextObservation(Observation):  # type: ignore[misc]
    """What a student sees, and the score so far.

    Attributes:
        text: The text.
        admissible: Actions that can be carried out; None if the environment lists none.
        accepted: Whether the last action was executable.
        score: The score, 0 to 1; the rewards of an episode add up to it.
        parts: Parts of the score by name.
    """

    text: str
    admissible: list[str] | None = None
    accepted: bool = True
    score: float = 0.0
    parts: dict[str, float] = Field(default_factory=dict)


class SessionState(State):  # type: ignore[misc]
    """The task of a session and, for a client that gave the secret, its privileged facts at this moment.

    Attributes:
        task: Its `id`, `goal`, `kind`, `split`, `index` and `seed`; None before the first reset.
        privileged: Fields of `PrivilegedState`; None without the secret.
    """

    task: dict[str, Any] | None = None
    privileged: dict[str, Any] | None = None


class Served(Environment):  # type: ignore[misc]
    """A session."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, benchmark: Benchmark, catalogue: Catalogue, secret: str | None) -> None:
        super().__init__()
        self._benchmark, self._catalogue, self._secret = benchmark, catalogue, secret
        self._environment: protocol.Environment | None = None
        self._state = SessionState()
        self._tells, self._playing, self._score = False, False, 0.0

    def reset(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        split: str = "train",
        index: int = 0,
        secret: str | None = None,
    ) -> TextObservation:
        """Start a task.

        Raises:
            NoSuchTask: If there is no such split or index; another reset can follow.
            WrongSecret: If a secret is given that is not the server's.
        """
        self._state, self._tells, self._playing, self._score = SessionState(), False, False, 0.0
        tells = self._knows(secret)
        task = self._catalogue.task(split, index, seed or 0)
        if self._environment is None:
            self._environment = self._benchmark.environment()
        seen = self._environment.reset(task)
        self._state = SessionState(episode_id=episode_id, task=_public(task, index, seed or 0))
        self._tells, self._playing = tells, True
        self._tell()
        return _observation(seen, 0.0, reward=0.0)

    def step(self, action: TextAction, timeout_s: float | None = None) -> TextObservation:
        """Execute an action. Raises `NotPlaying` before the first reset and after the end."""
        if self._environment is None or not self._playing:
            raise NotPlaying(
                f"The episode is over (score {self._score:g}). Reset the session to play again."
                if self._state.task
                else "No task has been started in this session. Reset it with a split and an index."
            )
        result = self._environment.step(action.text)
        gain, self._score, self._playing = result.score - self._score, result.score, not result.done
        self._state.step_count += 1
        self._tell()
        return _observation(
            result.observation,
            result.score,
            reward=gain,
            done=result.done,
            accepted=result.accepted,
            parts=dict(result.parts),
        )

    @property
    def state(self) -> SessionState:
        """What every client may know, and the privileged facts for one that gave the secret."""
        return self._state

    def close(self) -> None:
        """Let go of the environment."""
        self._environment, self._playing = None, False

    def get_metadata(self) -> EnvironmentMetadata:
        """Name and actions of the environment."""
        name = self._benchmark.name
        about = str(getattr(self._benchmark, "instructions", "A text environment."))
        return EnvironmentMetadata(name=name, description=about)

    async def list_splits(self) -> list[dict[str, str]]:
        """Splits, with the type that OpenEnv knows."""
        kinds = {"train": "train", "test": "test"}
        splits = await asyncio.to_thread(self._catalogue.splits)
        return [{"name": split, "type": kinds.get(split, "validation")} for split in splits]

    async def num_tasks(self, split: str) -> int:
        """Number of tasks of a split."""
        try:
            return await asyncio.to_thread(self._catalogue.number, split)
        except NoSuchTask as error:
            raise HTTPException(400, str(error)) from error

    async def get_task(self, split: str, index: int) -> dict[str, Any]:
        """What a task says about itself."""
        return (await self._listed(split, index, index + 1))[0]

    async def get_task_range(self, split: str, start: int | None = None, stop: int | None = None) -> list[Any]:
        """The same of several tasks, of 1,000 at most."""
        first = start or 0
        last = first + _MOST_LISTED
        return await self._listed(split, first, last if stop is None else min(stop, last))

    async def list_tasks(self, split: str) -> list[Any]:
        """The same of the first 1,000 tasks of a split."""
        return await self._listed(split, 0, _MOST_LISTED)

    async def _listed(self, split: str, start: int, stop: int) -> list[dict[str, Any]]:
        try:
            found = await asyncio.to_thread(self._catalogue.between, split, start, stop)
        except NoSuchTask as error:
            raise HTTPException(400, str(error)) from error
        return [_public(task, start + place, 0) for place, task in enumerate(found)]

    def _knows(self, secret: str | None) -> bool:
        if secret is None:
            return False
        if self._secret is None:
            raise WrongSecret(f"This server tells nobody privileged facts: it was started without {SECRET_VARIABLE}.")
        if not hmac.compare_digest(_bytes(secret), _bytes(self._secret)):
            raise WrongSecret(f"The secret is not the one of {SECRET_VARIABLE} with which this server was started.")
        return True

    def _tell(self) -> None:
        """Refresh the privileged facts, here and not in `state`, which blocks all sessions."""
        if not self._tells or self._environment is None:
            return
        found = self._benchmark.oracle().state(self._environment)
        self._state.privileged = {
            "task": found.task,
            "essentials": list(found.essentials),
            "facts": list(found.facts),
            "plan": list(found.plan),
        }


def server_app(benchmark: Benchmark, sessions: int, secret: str | None) -> FastAPI:
    """The server of a benchmark, for `sessions` connections at once; it tells facts for `secret`, to nobody if None."""
    app: FastAPI = create_fastapi_app(
        partial(Served, benchmark, Catalogue(benchmark), secret),
        TextAction,
        TextObservation,
        env_name=benchmark.name,
        max_concurrent_envs=sessions,
        state_cls=SessionState,
    )
    return app


def bound(host: str, port: int) -> socket.socket:
    """A socket to listen on; port 0: a free one. Raises `CannotServe` if the address cannot be used."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotServe(f"Nothing can listen on {host}:{port}: {error}. Choose another --port or --host.") from error


def listen(app: FastAPI, on: socket.socket) -> None:
    """Serve until interrupted."""
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, ws_max_size=1 << 20)
    uvicorn.Server(config).run(sockets=[on])


def _observation(seen: protocol.Observation, score: float, **more: Any) -> TextObservation:
    listed = None if seen.admissible is None else list(seen.admissible)
    return TextObservation(text=seen.text, admissible=listed, score=score, **more)


def _public(task: Task, index: int, seed: int) -> dict[str, Any]:
    """What a task says about itself. Its payload stays here: some environments could be solved by it."""
    known = {"id": task.id, "goal": task.goal, "kind": task.kind, "split": task.split}
    return {**known, "index": index, "seed": seed}


def _bytes(secret: object) -> bytes:
    return str(secret).encode(errors="surrogatepass")
