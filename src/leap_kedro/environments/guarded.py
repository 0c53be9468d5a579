"""A guard around environments of other packages: what they do wrong becomes a message that names the rule."""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from traceback import extract_tb
from typing import Any, TypeVar
from weakref import finalize

from leap_kedro.environments.protocol import Environment, EnvironmentFailure, Observation, StepResult
from leap_kedro.records import Task
from leap_kedro.records.errors import in_one_line

LONGEST = 200_000
"""Maximum characters of an observation."""

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
ResultT = TypeVar("ResultT")


class Guarded:
    """An `Environment` that checks another one, which answers in a thread of its own so that it cannot block a run.

    Control characters and terminal codes are removed from observations. An action of several lines is refused here, so
    that an environment that reads lines does not take it for several actions.

    Attributes:
        inner: The environment.
        task: The current task; None before the first reset.
        actions: The actions since the reset.
    """

    def __init__(self, build: Callable[[], Environment], name: str, seconds: float) -> None:
        """Build an environment of the benchmark `name`, which may take `seconds` for each answer."""
        self._name, self._seconds = name, seconds
        self.task: Task | None = None
        self.actions: list[str] = []
        self._seen = Observation("")
        self._score, self._done = 0.0, False
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._hangs = False
        Thread(target=_work, args=(self._calls,), daemon=True, name=name).start()
        finalize(self, self._calls.put, None)
        self.inner: Environment = self._answer("environment()", build)

    def reset(self, task: Task) -> Observation:
        """Start a task."""
        self.task, self.actions, self._score, self._done = task, [], 0.0, False
        self._seen = self._checked(self._answer("reset", lambda: self.inner.reset(task)), "reset")
        return self._seen

    def step(self, action: str) -> StepResult:
        """Execute an action."""
        if self._done:
            raise self._failure("step", "was called after the end of the episode")
        if "\n" in action or "\r" in action:
            return StepResult(Observation(_ONE_LINE, self._seen.admissible), self._score, done=False, accepted=False)
        self.actions.append(action)
        result = self._answer("step", lambda: self.inner.step(action))
        if not isinstance(result, StepResult):
            raise self._failure("step", f"returned {type(result).__name__} and not StepResult")
        score: Any = result.score
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            raise self._failure("step", f"gave the score {score!r}, which is not a number from 0 to 1")
        self._seen = self._checked(result.observation, "step")
        self._score, self._done = float(score), bool(result.done)
        return StepResult(self._seen, self._score, self._done, bool(result.accepted), result.parts)

    def _answer(self, what: str, ask: Callable[[], ResultT]) -> ResultT:
        asked: Future[Any] = Future()
        if self._hangs:
            raise self._failure(what, "cannot be called: an earlier call has not returned")
        self._calls.put((ask, asked))
        if not wait([asked], self._seconds).done:
            self._hangs = True
            raise self._failure(what, f"did not answer within {self._seconds:g} s (`max_seconds`)")
        error = asked.exception()
        if error is None:
            answer: ResultT = asked.result()
            return answer
        if isinstance(error, EnvironmentFailure):
            raise error
        raise self._failure(what, f"raised {in_one_line(error)}{place(error)}") from error

    def _checked(self, seen: Any, what: str) -> Observation:
        if not isinstance(seen, Observation) or not isinstance(seen.text, str):
            raise self._failure(what, f"gave {type(seen).__name__} and not an Observation with a text")
        if len(seen.text) > LONGEST:
            raise self._failure(what, f"gave an observation of {len(seen.text):,} characters, more than {LONGEST:,}")
        return Observation(_CONTROL.sub("", seen.text), self._listed(seen.admissible, what))

    def _listed(self, listed: Any, what: str) -> tuple[str, ...] | None:
        if listed is None:
            return None
        if isinstance(listed, str) or not isinstance(listed, Iterable):
            raise self._failure(what, f"lists actions as {type(listed).__name__} and not as a tuple of texts")
        actions = list(listed)
        wrong = [each for each in actions if not isinstance(each, str) or not each.strip() or "\n" in each]
        if wrong:
            raise self._failure(what, f"lists the action {wrong[0]!r}, which is not one line of text")
        return tuple(dict.fromkeys(actions))

    def _failure(self, what: str, did: str) -> EnvironmentFailure:
        task = f", task '{self.task.id}'" if self.task else ""
        failure = EnvironmentFailure(f"Environment '{self._name}'{task}: {what} {did}.")
        failure.actions = tuple(self.actions)
        return failure


def place(error: BaseException) -> str:
    """Where an exception was raised, for messages: file and line."""
    frames = extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


_Call = tuple[Callable[[], Any], Future[Any]]


def _work(calls: "SimpleQueue[_Call | None]") -> None:
    """Answer calls until the guard is gone."""
    while (call := calls.get()) is not None:
        ask, asked = call
        try:
            asked.set_result(ask())
        except BaseException as error:
            asked.set_exception(error)
        del call, ask, asked  # they may hold the guard


_ONE_LINE = "Nothing happens: an action has one line."
