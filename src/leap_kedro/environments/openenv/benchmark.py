"""An OpenEnv server as an environment: its tasks, its environment and its privileged facts."""

from typing import Any

from leap_kedro.environments.core import Facts
from leap_kedro.environments.openenv.documents import Absent, facts, found, outline
from leap_kedro.environments.openenv.environment import RemoteEnvironment
from leap_kedro.environments.openenv.errors import SECRET_VARIABLE, given_secret
from leap_kedro.environments.openenv.options import OpenEnvOptions
from leap_kedro.environments.openenv.repetition import check_repetition
from leap_kedro.environments.openenv.session import CONNECT_SECONDS
from leap_kedro.environments.protocol import EndlessSplit, Environment, EnvironmentFailure, TaskDataError
from leap_kedro.records import Task
from leap_kedro.records.errors import unknown_name

_WAITS = 5.0  # seconds between two attempts, at most


class OpenEnv:
    """A `CoreBenchmark` on a server. Nothing is asked of the server before tasks are.

    Attributes:
        name: Registered name.
        options: Its options.
        score_parts: Names of the parts of its scores.
        max_seconds: Seconds in which an environment answers, attempts included.
    """

    name = "openenv"
    options_model = OpenEnvOptions

    def __init__(self, **given: Any) -> None:
        """Validate the options. Raises `pydantic.ValidationError` if one is unknown or out of range."""
        self.options = OpenEnvOptions.model_validate(given)
        self.score_parts = self.options.score_parts
        attempts = 1 + self.options.retries
        self.max_seconds = attempts * (CONNECT_SECONDS + self.options.timeout + _WAITS)

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """The first `count` tasks of a split, each of which is reset once to learn its goal.

        Raises:
            TaskDataError: If there is no such split, or the server refuses a task or lacks what the mapping names.
            EndlessSplit: If all tasks are requested, and the option `splits` does not say how many there are.
            DoesNotRepeat: If the server does not answer in the same way when the first task is played again.
        """
        number = self._number(split, count)
        environment = RemoteEnvironment(self.options)
        try:
            made = [self._task(environment, split, index, seed) for index in range(number)]
        except EnvironmentFailure as error:
            raise TaskDataError(
                f"{error} The split '{split}' has fewer tasks? Say it: environments.openenv.splits."
            ) from error
        finally:
            environment.close()
        if made:
            check_repetition(self.options, made[0])
        return made

    def environment(self) -> Environment:
        """A session of its own, without the secret."""
        return RemoteEnvironment(self.options)

    def privileged(self, task: Task) -> Facts:
        """The facts that the server tells for the secret, asked for in a session of its own; none without a path.

        Raises:
            EnvironmentFailure: If the server tells none.
        """
        path = self.options.mapping.privileged
        if path is None:
            return ""
        secret = given_secret()
        environment = RemoteEnvironment(self.options, secret)
        try:
            environment.reset(task)
            document = environment.document()
        finally:
            environment.close()
        try:
            told = found(document, path)
        except Absent:
            told = None
        if told is None:
            hint = "" if secret else f". Set {SECRET_VARIABLE} to the secret with which the server was started"
            raise EnvironmentFailure(
                f"OpenEnv server {self.options.url}: it tells no privileged facts of the task '{task.id}' at {path} "
                f"(`environments.openenv.mapping.privileged`; null: there are none){hint}"
            )
        return facts(told)

    def _number(self, split: str, count: int | None) -> int:
        splits = self.options.splits
        if splits and split not in splits:
            raise TaskDataError(unknown_name("split (`environments.openenv.splits`)", split, splits))
        if splits:
            return splits[split] if count is None else min(count, splits[split])
        if count is None:
            raise EndlessSplit(
                f"How many tasks the split '{split}' of the OpenEnv server has is not known: give their number in "
                "`environments.openenv.splits` or in the parameters (data_preparation)."
            )
        return count

    def _task(self, environment: RemoteEnvironment, split: str, index: int, seed: int) -> Task:
        mapping, payload = self.options.mapping, {"index": index, "seed": seed}
        seen = environment.start({"split": split, **payload})
        wanted = {name: path for name in ("id", "goal", "kind") if (path := getattr(mapping, name)) is not None}
        document = environment.document() if wanted else {}
        about, absent = {"id": f"{split}/{seed}/{index}", "goal": seen.text, "kind": "task"}, []
        for name, path in wanted.items():
            try:
                about[name] = str(found(document, path))
            except Absent:
                absent.append(f"{path} (`mapping.{name}`)")
        if absent:
            raise TaskDataError(
                f"The OpenEnv server {self.options.url} has no {', '.join(absent)}; it has {outline(document)}. Set "
                "the options environments.openenv.mapping.* to paths that it has, or to null."
            )
        return Task(environment=self.name, split=split, payload=payload, **about)
