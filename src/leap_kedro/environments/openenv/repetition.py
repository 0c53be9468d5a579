"""Whether an OpenEnv server answers in the same way when a task is played again."""

from collections.abc import Iterator
from random import Random
from typing import Any

from leap_kedro.environments.openenv.documents import Absent, found
from leap_kedro.environments.openenv.environment import RemoteEnvironment
from leap_kedro.environments.openenv.errors import DoesNotRepeat
from leap_kedro.environments.openenv.options import OpenEnvOptions
from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import Task

_ACTIONS = 5


def check_repetition(options: OpenEnvOptions, task: Task) -> None:
    """Play the beginning of a task in two sessions, with random listed actions or those of the option `probe`.

    Raises:
        DoesNotRepeat: If the answers differ and the option `repeats` says that they must not, or if the privileged
            facts differ that the server tells without a secret.
        EnvironmentFailure: If the server cannot be reached.
    """
    first, second = (list(_played(options, task)) for _ in range(2))
    where = f"The OpenEnv server {options.url} does not repeat"
    if first[0] != second[0]:
        raise DoesNotRepeat(
            f"{where} its privileged facts: for the task '{task.id}' it told {_short(first[0])}, then "
            f"{_short(second[0])}. Give a reset argument that fixes them (environments.openenv.mapping.reset), or no "
            "facts (environments.openenv.mapping.privileged=null)."
        )
    if not options.repeats:
        return
    for one, other in zip(first, second, strict=False):
        if one != other:
            raise DoesNotRepeat(
                f"{where} what it answered: the task '{task.id}' gave {_short(one)}, then {_short(other)}. Give a "
                "reset argument that fixes it (environments.openenv.mapping.reset), or accept it with "
                "environments.openenv.repeats=false (docs/openenv.md says what is lost)."
            )


def _played(options: OpenEnvOptions, task: Task) -> Iterator[Any]:
    """The facts that are told to everybody, then each answer with the action before it."""
    environment, rng = RemoteEnvironment(options), Random(task.id)
    try:
        seen = environment.reset(task)
        yield _told(environment, options.mapping.privileged)
        yield seen
        for place in range(_ACTIONS if seen.admissible else len(options.probe)):
            action = rng.choice(seen.admissible) if seen.admissible else options.probe[place % len(options.probe)]
            try:
                result = environment.step(action)
            except EnvironmentFailure as error:
                yield action, str(error)
                return
            yield action, result
            seen = result.observation
            if result.done or seen.admissible == ():
                return
    finally:
        environment.close()


def _told(environment: RemoteEnvironment, path: str | None) -> Any:
    try:
        return None if path is None else found(environment.document(), path)
    except Absent:
        return None


def _short(answer: Any) -> str:
    text = repr(answer)
    return text if len(text) <= 300 else f"{text[:300]} ..."
