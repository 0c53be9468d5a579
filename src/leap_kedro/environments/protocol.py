"""The protocols between a benchmark and the rest of the project.

A benchmark is one folder that provides a `Benchmark`. The student's side (`Environment`) and the teacher's side
(`Oracle`) are separate objects, so that no privileged information can reach a student by accident. An `Expert` knows
only the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import PrivilegedState, Task, UserError


@dataclass(frozen=True, slots=True)
class Observation:
    """The text that a student sees, and the admissible actions if the benchmark lists them (see `actions`)."""

    text: str
    admissible: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of an action.

    Attributes:
        observation: The new observation.
        score: The benchmark's current score, 0 to 1.
        done: Whether the environment ended the episode.
        accepted: Whether the action was executable.
        parts: Parts of the score by name, each 0 to 1; empty if there are none, or none yet.
    """

    observation: Observation
    score: float
    done: bool
    accepted: bool = True
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """An action and the reason for it."""

    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class Option:
    """One of the decisions that an expert considers.

    Attributes:
        decision: The decision.
        weight: Probability that it leads to what is needed next, by common knowledge and the text so far.
        group: Name shared by options that common knowledge does not distinguish, such as the kind of a place. The
            expert would take the first option of a group.
    """

    decision: Decision
    weight: float
    group: str


class Environment(Protocol):
    """A text environment: deterministic given the task and the actions."""

    def reset(self, task: Task) -> Observation:
        """Start a task. Raises `EnvironmentFailure` if it cannot be built."""
        ...

    def step(self, action: str) -> StepResult:
        """Execute an action; an action that is not executable changes nothing and is not `accepted`."""
        ...


class Oracle(Protocol):
    """The privileged side of an environment."""

    def state(self, environment: Environment) -> PrivilegedState:
        """The current privileged state of an environment."""
        ...

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        """Names in a privileged state that a reason must not reveal while the student cannot know them."""
        ...

    def cost_to_go(self, environment: Environment) -> int | None:
        """Smallest number of actions to the goal; None if it cannot be reached."""
        ...

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        """`cost_to_go` after each of `actions`; None if it is not executable or loses. Changes nothing."""
        ...

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        """Other environments in which the student would have seen the same so far.

        They differ in hidden facts, which are drawn by common knowledge. Advice that the student can follow is the same
        in all of them.

        Args:
            environment: The environment in its current state, which does not change.
            actions: The actions taken in it since its reset.
            count: Maximum number of environments; there are fewer, or none, if the history leaves little open.
            seed: Seed of the hidden facts.
        """
        ...


class Expert(Protocol):
    """An unprivileged expert: it reads and remembers the same text as the student."""

    def start(self, opening: str) -> None:
        """Begin an episode with its first observation."""
        ...

    def observe(self, action: str, observation: str) -> None:
        """Record an action, whoever chose it, and the observation that followed."""
        ...

    def decide(self) -> Decision:
        """The next action and its reason. Raises `ExpertStuck` if nothing is left to try."""
        ...

    def options(self) -> list[Option]:
        """All options in the order in which the expert would try them; the first one is its decision.

        The weights sum to 1. Raises `ExpertStuck` if nothing is left to try.
        """
        ...


class Phrasing(Protocol):
    """Words a teacher's reasons in the environment's own clauses."""

    def hinted(self, decision: Decision, group: str, privilege: int) -> str:
        """The reason of a decision that relies on privileged information, with the hint that the level allows.

        Args:
            decision: A decision that an unprivileged expert considers but would not have chosen.
            group: Group of that option, see `Option`.
            privilege: Level in per cent: below 50 the plain reason, from 50 with a general principle (the group), from
                75 with the specific place, worded as a guess.
        """
        ...

    def varied(self, reason: str, seed: str) -> str:
        """The same reason in other words, drawn with `seed`; a clause without alternative wordings is kept."""
        ...


class Benchmark(Protocol):
    """Everything that the project needs of a benchmark. It is built from its options and can be pickled.

    Attributes:
        name: Registered name.
        score_parts: Names of the parts of its scores; empty if a score has no parts.
    """

    name: str
    score_parts: tuple[str, ...]

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """The first `count` tasks of a split; all of them if `count` is None.

        `seed` matters if tasks are generated or sampled: it determines their order, so that a larger `count` appends
        tasks.
        """
        ...

    def environment(self) -> Environment:
        """A fresh environment."""
        ...

    def oracle(self) -> Oracle:
        """The privileged side of its environments."""
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
        """Random walks of at most `longest` actions through tasks of a split, with questions after each turn."""
        ...


@dataclass(frozen=True, slots=True)
class Variant:
    """The variant of a benchmark; results on different variants must not be compared.

    A benchmark states it in the payload of its tasks under these names; fields without variants are "".

    Attributes:
        source: Origin of the task ("generated", "official").
        text_version: Version of the texts.
        scoring: Method by which the score is computed.
    """

    source: str
    text_version: str
    scoring: str

    @classmethod
    def of(cls, task: Task) -> "Variant":
        """The variant of a task."""
        return cls(**{name: str(task.payload.get(name, "")) for name in ("source", "text_version", "scoring")})


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """Name and options of a benchmark, from which another process can build it."""

    name: str
    options: Mapping[str, Any]


class EnvironmentFailure(UserError):
    """The environment cannot continue, and the policy is not the cause.

    Attributes:
        actions: The actions since the reset, the last of which led to it; empty if that is not known.
    """

    actions: tuple[str, ...] = ()


class TaskDataError(UserError):
    """Benchmark files are missing or malformed; the message names the path, the file and the command that gets them."""


class TaskDataAbsent(TaskDataError):
    """Benchmark files do not exist."""


class EndlessSplit(TaskDataError):
    """A split of generated tasks is unlimited, and no number of tasks was given."""


class ExpertStuck(Exception):
    """The expert has nothing left to try."""


class UnknownExpert(UserError):
    """The benchmark has no expert of that name."""
