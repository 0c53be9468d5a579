"""What an environment is: the seams between a benchmark and the rest of the project.

A benchmark is one folder with a `Benchmark` in it. The student's side (`Environment`) and the teacher's side (`Oracle`)
are separate objects, so that nothing privileged can reach a student by accident. An `Expert` plays by the text alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import PrivilegedState, Task, UserError


@dataclass(frozen=True, slots=True)
class Observation:
    """What a student sees: the text, and the admissible actions where the benchmark lists them (`actions.OPEN`)."""

    text: str
    admissible: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class StepResult:
    """What an action led to.

    Attributes:
        observation: What is seen now.
        score: The benchmark's score now, 0 to 1.
        done: Whether the environment ended the episode.
        accepted: Whether the action was executable.
        parts: What the score is made of, by name, each 0 to 1; empty where it has no parts, or none yet.
    """

    observation: Observation
    score: float
    done: bool
    accepted: bool
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """A reason and the action that it leads to."""

    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class Option:
    """One of the decisions that an expert considers.

    Attributes:
        decision: The decision.
        weight: How likely it leads to what is needed next, by common knowledge and what the text has shown.
        group: Name that it shares with the options that common knowledge does not tell from it (the kind of a place);
            the first of a group is the one that the expert would take.
    """

    decision: Decision
    weight: float
    group: str


class Environment(Protocol):
    """A text environment: deterministic given the task and the actions."""

    def reset(self, task: Task) -> Observation:
        """Start the task anew. Raises `EnvironmentFailure` if it cannot be built."""
        ...

    def step(self, action: str) -> StepResult:
        """Carry out an action; an action that is not executable changes nothing and is not `accepted`."""
        ...


class Oracle(Protocol):
    """The privileged side of an environment."""

    def state(self, environment: Environment) -> PrivilegedState:
        """Privileged state at the environment's present moment."""
        ...

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        """Names in a privileged state that a reason must not say while the student cannot know them."""
        ...

    def cost_to_go(self, environment: Environment) -> int | None:
        """Least number of actions from here to the goal; None if there is no way."""
        ...

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        """`cost_to_go` after each of `actions`, the environment left as it was; None where refused or hopeless."""
        ...

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        """Other environments in which all that the student was shown so far would have been the same.

        They differ in what is still hidden, drawn by common knowledge: the advice of a teacher that the student can
        follow is the same in all of them.

        Args:
            environment: The environment at the moment in question; it is left as it is.
            actions: What was done in it since its reset.
            count: Most environments; fewer, or none, come where the history leaves little open.
            seed: Seed of what is drawn.
        """
        ...


class Expert(Protocol):
    """An unprivileged expert: it reads the same text as the student and remembers it."""

    def start(self, opening: str) -> None:
        """Begin an episode with its first observation."""
        ...

    def observe(self, action: str, observation: str) -> None:
        """Take note of an action, whoever chose it, and of what followed."""
        ...

    def decide(self) -> Decision:
        """Reason and action for the present moment; raises `ExpertStuck` if it has none left."""
        ...

    def options(self) -> list[Option]:
        """All that it considers now, in the order in which it would try them: the first is its decision.

        The weights sum to 1. Raises `ExpertStuck` if there is nothing left.
        """
        ...


class Phrasing(Protocol):
    """How a teacher words a reason in the environment's own clauses."""

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        """The reason of a decision that privilege brought about, saying as much as the level lets it.

        Args:
            decision: What an unprivileged expert considers, and would not have chosen.
            group: Group of that option, see `Option`.
            privilege: Level, per cent: below 50 the reason as it is, at 50 with a general principle (the group), at 75
                with the specific place, as a guess.
        """
        ...

    def varied(self, reason: str, seed: str) -> str:
        """The same reason in other words, drawn with `seed`; a clause that has no other wording stays."""
        ...


class Benchmark(Protocol):
    """All that the project needs of a benchmark. Built from its parameters, picklable.

    Attributes:
        name: Registered name.
        score_parts: Names of what its scores are made of; empty where a score has no parts.
    """

    name: str
    score_parts: tuple[str, ...]

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """The first `count` tasks of a split, all where None.

        `seed` matters where tasks are generated, or where `count` asks for a sample of those that there are: it draws
        the order, so that a larger `count` adds tasks at the end.
        """
        ...

    def environment(self) -> Environment:
        """A fresh environment."""
        ...

    def oracle(self) -> Oracle:
        """The privileged side."""
        ...

    def expert(self, name: str, seed: int = 0) -> Expert:
        """An unprivileged expert by name."""
        ...

    def phrasing(self) -> Phrasing:
        """The wording of teachers' reasons."""
        ...

    def vocabulary(self) -> Vocabulary:
        """The closed vocabulary of its texts, for the embedded student."""
        ...

    def transcripts(self, split: str, count: int, longest: int, questions: int, seed: int) -> Iterator[Transcript]:
        """Random walks through tasks of a split, of at most `longest` actions, with questions after each turn."""
        ...


@dataclass(frozen=True, slots=True)
class Variant:
    """Which variant of its benchmark a task is of: results on different variants must not be compared.

    A benchmark says so in the payload of its tasks, under these names; what has no variants is "".

    Attributes:
        source: Where the task comes from ("generated", "official").
        text_version: Version of the texts.
        scoring: How the score is computed.
    """

    source: str
    text_version: str
    scoring: str

    @classmethod
    def of(cls, task: Task) -> "Variant":
        """The variant that a task is of."""
        return cls(**{name: str(task.payload.get(name, "")) for name in ("source", "text_version", "scoring")})


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """Name and options of a benchmark: all that another process needs to build it."""

    name: str
    options: Mapping[str, Any]


class EnvironmentFailure(UserError):
    """The environment cannot go on, through no fault of the policy."""


class TaskDataError(UserError):
    """Benchmark files are missing or malformed; the message names path, file and the command that gets them."""


class TaskDataAbsent(TaskDataError):
    """Benchmark files are not there at all."""


class EndlessSplit(TaskDataError):
    """A split of generated tasks has no last one: a number of tasks must be given."""


class ExpertStuck(Exception):
    """The expert knows nothing more to try."""


class UnknownExpert(UserError):
    """The benchmark has no expert of that name."""
