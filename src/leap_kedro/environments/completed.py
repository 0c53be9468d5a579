"""A core benchmark, completed to what the stages of the loop call: defaults for the capabilities that it lacks."""

from collections.abc import Iterator, Sequence
from math import isfinite

from leap_kedro.environments.core import (
    CoreBenchmark,
    Facts,
    HasExperts,
    HasOracle,
    HasPhrasing,
    HasPlan,
    HasTranscripts,
    HasVocabulary,
    stated,
)
from leap_kedro.environments.guarded import Guarded, place
from leap_kedro.environments.protocol import (
    Decision,
    Environment,
    EnvironmentFailure,
    Expert,
    Oracle,
    Phrasing,
    TaskDataError,
    UnknownExpert,
)
from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import PrivilegedState, Task
from leap_kedro.records.errors import in_one_line

MAX_SECONDS = 120.0
"""Seconds that an environment may take for one answer, unless it has an attribute `max_seconds`."""


class Completed:
    """A `Benchmark` from a `CoreBenchmark`.

    Attributes:
        core: The core benchmark.
        name: Name of the environment.
        reference: What the parameter `environment` says.
        score_parts: Names of the parts of its scores, of its attribute of this name.
    """

    def __init__(self, core: CoreBenchmark, name: str, reference: str) -> None:
        self.core, self.name, self.reference = core, name, reference
        self.score_parts: tuple[str, ...] = tuple(getattr(core, "score_parts", ()))

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """Its tasks, checked. Raises `TaskDataError` that names the task and the rule."""
        try:
            found = list(self.core.tasks(split, count, seed))
        except Exception as error:
            if isinstance(error, TaskDataError):
                raise
            raise self._refused(
                f"tasks({split!r}, {count}, {seed}) raised {in_one_line(error)}{place(error)}. The splits that are "
                "played are parameters: data_preparation.train_split, validation_split and test",
                split,
            ) from error
        seen: set[str] = set()
        for task in found:
            if not isinstance(task, Task):
                raise self._refused(f"split '{split}' has a {type(task).__name__} and not a Task")
            if task.id in seen:
                raise self._refused(f"split '{split}' has two tasks with the id '{task.id}'")
            if (task.environment, task.split) != (self.name, split):
                raise self._refused(
                    f"the task '{task.id}' of split '{split}' says environment='{task.environment}', "
                    f"split='{task.split}' and not environment='{self.name}', split='{split}'"
                )
            self._check_payload(task)
            seen.add(task.id)
        return found if count is None else found[:count]

    def environment(self) -> Environment:
        """A fresh environment with a guard around it."""
        return self.guarded()

    def guarded(self) -> Guarded:
        """The same, as what it is."""
        return Guarded(self.core.environment, self.name, float(getattr(self.core, "max_seconds", MAX_SECONDS)))

    def privileged(self, task: Task) -> PrivilegedState:
        """The privileged facts of a task. Raises `EnvironmentFailure` if there are none or of a wrong type."""
        try:
            facts: Facts = self.core.privileged(task)
            return stated(facts, task)
        except Exception as error:
            raise EnvironmentFailure(
                f"Environment '{self.name}', task '{task.id}': privileged(task) failed: {in_one_line(error)}"
                f"{place(error)}."
            ) from error

    def oracle(self) -> Oracle:
        """Its oracle, one that follows its plans, or one that knows only the facts."""
        if isinstance(self.core, HasOracle):
            return _GivenOracle(self.core.oracle())
        return _PlanOracle(self)

    def expert(self, name: str, seed: int = 0) -> Expert:
        """Its expert of that name. Raises `UnknownExpert` if it has none."""
        if not isinstance(self.core, HasExperts):
            raise UnknownExpert(f"The environment '{self.name}' has no experts (docs/your_environment.md).")
        return self.core.expert(name, seed)

    def phrasing(self) -> Phrasing:
        """Its phrasing, or one without hints."""
        return self.core.phrasing() if isinstance(self.core, HasPhrasing) else _PlainPhrasing()

    def vocabulary(self) -> Vocabulary:
        """Its vocabulary, or the words that random walks show."""
        if isinstance(self.core, HasVocabulary):
            return self.core.vocabulary()
        from leap_kedro.environments.automatic import vocabulary_of

        return vocabulary_of(self)

    def transcripts(self, split: str, count: int, longest: int, questions: int, seed: int) -> Iterator[Transcript]:
        """Its transcripts, or random walks with questions about what was seen."""
        if isinstance(self.core, HasTranscripts):
            return self.core.transcripts(split, count, longest, questions, seed)
        from leap_kedro.environments.automatic import random_transcripts

        return random_transcripts(self, split, count, longest, questions, seed)

    def _check_payload(self, task: Task) -> None:
        wrong = [name for name in ("id", "goal", "kind") if not isinstance(getattr(task, name), str)]
        wrong += [f"payload[{name!r}]" for name, value in dict(task.payload).items() if not _is_plain(name, value)]
        if wrong:
            raise self._refused(
                f"the task '{task.id}' cannot be stored because of {', '.join(wrong)}: id, goal and kind are texts, "
                "and a value of the payload is a text, a number or a truth value, no list and no dictionary"
            )

    def _refused(self, rule: str, split: str = "train") -> TaskDataError:
        check = f"python -m leap_kedro.environments.check {self.reference} --split {split}"
        return TaskDataError(f"Environment '{self.name}': {rule}. Check it: {check}")


def _is_plain(name: object, value: object) -> bool:
    return isinstance(name, str) and (isinstance(value, str | int) or (isinstance(value, float) and isfinite(value)))


def inner(environment: Environment) -> Environment:
    """The environment inside the guard."""
    return environment.inner if isinstance(environment, Guarded) else environment


class _PlanOracle:
    """The privileged side of a core benchmark: its facts and, if it has plans, the costs that follow from them."""

    def __init__(self, benchmark: Completed) -> None:
        self._benchmark = benchmark
        self._scout: Guarded | None = None

    def state(self, environment: Environment) -> PrivilegedState:
        task = _task_of(environment)
        state = self._benchmark.privileged(task)
        plan = self._plan(environment)
        return state if plan is None else PrivilegedState(state.task, state.essentials, state.facts, plan)

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        return state.essentials

    def cost_to_go(self, environment: Environment) -> int | None:
        plan = self._plan(environment)
        return None if plan is None else len(plan)

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        plan = self._plan(environment)
        return [len(plan) - 1 if plan and action == plan[0] else self._after(environment, action) for action in actions]

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        return iter(())

    def _plan(self, environment: Environment) -> tuple[str, ...] | None:
        if not isinstance(self._benchmark.core, HasPlan):
            return None
        try:
            plan = self._benchmark.core.plan(inner(environment))
            return None if plan is None else tuple(plan)
        except Exception as error:
            raise EnvironmentFailure(
                f"Environment '{self._benchmark.name}', task '{_task_of(environment).id}': plan(environment) failed: "
                f"{in_one_line(error)}{place(error)}."
            ) from error

    def _after(self, environment: Environment, action: str) -> int | None:
        if not isinstance(environment, Guarded) or not isinstance(self._benchmark.core, HasPlan):
            return None
        scout = self._brought_to(environment)
        result = scout.step(action)
        if not result.done:
            self._scout = scout
        if not result.accepted:
            return None
        if result.done:
            return 0 if result.score >= 1 else None
        return self.cost_to_go(scout)

    def _brought_to(self, environment: Guarded) -> Guarded:
        """Another environment in the same state.

        It is the last one that was used, if its actions are the first ones here: a student's action is looked at
        before it is taken, so that the replay of an episode needs no further replays.
        """
        task, scout, self._scout = _task_of(environment), self._scout, None
        if scout is None or scout.task != task or scout.actions != environment.actions[: len(scout.actions)]:
            scout = self._benchmark.guarded() if scout is None else scout
            scout.reset(task)
        for action in environment.actions[len(scout.actions) :]:
            scout.step(action)
        return scout


class _GivenOracle:
    """An oracle of another package, which sees its own environments; hidden alternatives are optional."""

    def __init__(self, given: Oracle) -> None:
        self._given = given

    def state(self, environment: Environment) -> PrivilegedState:
        return self._given.state(inner(environment))

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        return self._given.secrets(state) if hasattr(self._given, "secrets") else state.essentials

    def cost_to_go(self, environment: Environment) -> int | None:
        return self._given.cost_to_go(inner(environment))

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        return self._given.lookahead(inner(environment), actions)

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        if not hasattr(self._given, "alternatives"):
            return iter(())
        return self._given.alternatives(inner(environment), actions, count, seed)


class _PlainPhrasing:
    """Reasons as they are."""

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        return decision.reason

    def varied(self, reason: str, seed: str) -> str:
        return reason


def _task_of(environment: Environment) -> Task:
    if not isinstance(environment, Guarded) or environment.task is None:
        raise EnvironmentFailure("An environment has to be reset before its privileged state can be asked for.")
    return environment.task
