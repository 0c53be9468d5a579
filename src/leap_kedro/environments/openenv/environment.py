"""A session of an OpenEnv server as an `Environment`."""

import re
import weakref
from collections.abc import Mapping
from typing import Any

from leap_kedro.environments.openenv.documents import Absent, filled, found, outline
from leap_kedro.environments.openenv.options import OBSERVATION, STATE, OpenEnvOptions
from leap_kedro.environments.openenv.session import Broken, Refused, Session
from leap_kedro.environments.protocol import EnvironmentFailure, Observation, StepResult
from leap_kedro.records import Task

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0  # seconds between two attempts


class RemoteEnvironment:
    """Plays tasks on a server.

    A connection that breaks at a reset is made again; in an episode it is an `EnvironmentFailure`, and the next reset
    makes another one. An object that is no longer used gives its session back.
    """

    def __init__(self, options: OpenEnvOptions, secret: str | None = None) -> None:
        """Connect at the first reset, and give `secret` then. Environments of students have none."""
        self._options, self._mapping, self._secret = options, options.mapping, secret
        self._open: list[Session] = []
        self._score = 0.0
        self._task = ""
        self._answer: dict[str, Any] = {}
        self.close = weakref.finalize(self, _close, self._open)

    def reset(self, task: Task) -> Observation:
        """Start a task. Raises `EnvironmentFailure` if the server refuses it or cannot be reached."""
        self._task, self._score = f"task '{task.id}'", 0.0
        return self.start({"split": task.split, **task.payload})

    def start(self, values: Mapping[str, str | int | float | bool]) -> Observation:
        """Reset with these values of the placeholders `split`, `index` and `seed`."""
        arguments = filled(self._mapping.reset, values)
        if self._secret is not None and self._mapping.secret is not None:
            arguments[self._mapping.secret] = self._secret
        self._answer = self._begun(arguments)
        return self._seen()

    def step(self, action: str) -> StepResult:
        """Execute an action. Raises `EnvironmentFailure` if no answer comes, or an error."""
        if not self._open:
            raise self._failure("step: there is no connection: it has to be reset")
        try:
            self._answer = self._open[0].step(filled(self._mapping.action, {"action": action}))
        except Broken as error:
            _close(self._open)
            raise self._failure(str(error)) from error
        except Refused as error:
            raise self._failure(f"step: {error}") from error
        seen = self._seen()
        return StepResult(
            seen, self._scored(), bool(self._answer.get("done")), self._was_accepted(seen.text), self._parts()
        )

    def document(self) -> dict[str, Any]:
        """The last answer, and the state of the session, which the server is asked for.

        Raises:
            EnvironmentFailure: If it is not answered.
        """
        try:
            return {OBSERVATION: self._answer.get("observation"), STATE: self._open[0].state()}
        except (Broken, Refused, IndexError) as error:
            _close(self._open)
            raise self._failure(f"state: {error}") from error

    def _begun(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

        attempts = Retrying(
            retry=retry_if_exception_type(Broken),
            stop=stop_after_attempt(1 + self._options.retries),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT),
            reraise=True,
        )
        try:
            return attempts(self._reset_once, arguments)
        except Broken as error:
            tried = f"{1 + self._options.retries} times" if self._options.retries else "once"
            raise self._failure(f"{error}; tried {tried}") from error
        except Refused as error:
            raise self._failure(f"reset: {error}") from error

    def _reset_once(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if not self._open:
            self._open.append(Session(self._options.url, self._options.timeout))
        try:
            return self._open[0].reset(arguments)
        except Broken:
            _close(self._open)
            raise

    def _seen(self) -> Observation:
        text = self._at(self._mapping.text, "text")
        if not isinstance(text, str):
            raise self._failure(f"{self._mapping.text} (`mapping.text`) is no text but {type(text).__name__}")
        listed = self._at(self._mapping.admissible, "admissible")
        if listed is None:
            return Observation(text)
        if not isinstance(listed, list):
            raise self._failure(f"{self._mapping.admissible} (`mapping.admissible`) is no list of actions")
        return Observation(text, tuple(listed))

    def _scored(self) -> float:
        if self._mapping.score is None:
            self._score += float(self._answer.get("reward") or 0)
            return min(max(self._score, 0.0), 1.0)
        score: float = self._at(self._mapping.score, "score")  # of any type: the guard around environments checks it
        return score

    def _was_accepted(self, text: str) -> bool:
        if self._mapping.refusal is not None and re.search(self._mapping.refusal, text):
            return False
        accepted = self._at(self._mapping.accepted, "accepted")
        return accepted is None or bool(accepted)

    def _parts(self) -> Mapping[str, float]:
        parts = self._at(self._mapping.parts, "parts")
        return dict(parts) if isinstance(parts, Mapping) else {}

    def _at(self, path: str | None, name: str) -> Any:
        if path is None:
            return None
        document = {OBSERVATION: self._answer.get("observation")}
        try:
            return found(document, path)
        except Absent:
            raise self._failure(
                f"its answer has no {path} (`mapping.{name}`); it has {outline(document)}. Set the option to one of "
                "these paths or, if there is no such thing, to null"
            ) from None

    def _failure(self, did: str) -> EnvironmentFailure:
        return EnvironmentFailure(f"OpenEnv server {self._options.url}{', ' if self._task else ''}{self._task}: {did}.")


def _close(sessions: list[Session]) -> None:
    while sessions:
        sessions.pop().close()
