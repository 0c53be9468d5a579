"""The core of an environment, and its optional capabilities: the protocol for environments of other packages.

`VERSION` is the version of this protocol. A class with the three methods of `CoreBenchmark` is an environment; each
further protocol in this module is a capability, which the class has if it has its method. `completed.Completed` adds
what it lacks. docs/your_environment.md describes what each capability makes possible.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from leap_kedro.environments.protocol import Environment, Expert, Oracle, Phrasing
from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import PrivilegedState, Task, UserError

VERSION = 1
"""Version of the protocol; it changes if an environment that followed the protocol no longer does."""

Facts = str | Sequence[str] | Mapping[str, str] | PrivilegedState
"""Privileged facts of a task: a text, sentences, or fields by name; or a state with a plan."""


class LacksCapability(UserError):
    """The environment lacks a capability that is needed; the message names the alternative."""


class CoreBenchmark(Protocol):
    """What every environment has."""

    def tasks(self, split: str, count: int | None, seed: int) -> Sequence[Task]:
        """The first `count` tasks of a split, or all if `count` is None; the same arguments give the same tasks.

        Tasks are never shared between splits. A larger `count` appends tasks.
        """

    def environment(self) -> Environment:
        """A fresh environment, independent of all others."""

    def privileged(self, task: Task) -> Facts:
        """What is hidden from the student and the teacher may know."""


@runtime_checkable
class HasPlan(Protocol):
    """It knows a way to the goal: the oracle teacher, recoverability, and demonstrations by the planner."""

    def plan(self, environment: Environment) -> Sequence[str] | None:
        """Actions from the present state of an environment to the goal, as few as possible; None if there are none."""


@runtime_checkable
class HasOracle(Protocol):
    """The same with full control, and without replays for each lookahead."""

    def oracle(self) -> Oracle:
        """The privileged side of its environments."""


@runtime_checkable
class HasExperts(Protocol):
    """It has players without privilege: demonstrations with reasons, baselines, and the prior of the oracle teacher."""

    def expert(self, name: str, seed: int = 0) -> Expert:
        """An unprivileged expert by name. Raises `UnknownExpert` if there is none."""


@runtime_checkable
class HasPhrasing(Protocol):
    """It words hints by privilege level."""

    def phrasing(self) -> Phrasing:
        """The wording of teachers' reasons."""


@runtime_checkable
class HasVocabulary(Protocol):
    """It lists the words of its texts for the embedded student, instead of those that random walks show."""

    def vocabulary(self) -> Vocabulary:
        """The closed vocabulary of its texts."""


@runtime_checkable
class HasTranscripts(Protocol):
    """It asks its own questions about random walks, on which the embedded student's base model is trained."""

    def transcripts(self, split: str, count: int, longest: int, questions: int, seed: int) -> Iterator[Transcript]:
        """Random walks of at most `longest` actions through tasks of a split, with questions after each turn."""


class Capability(StrEnum):
    """What an environment may provide besides its core."""

    PLAN = "plan or oracle"
    EXPERTS = "experts"
    PHRASING = "phrasing"
    VOCABULARY = "vocabulary"
    TRANSCRIPTS = "questions"


_PROTOCOLS: Mapping[Capability, tuple[type, ...]] = {
    Capability.PLAN: (HasPlan, HasOracle),
    Capability.EXPERTS: (HasExperts,),
    Capability.PHRASING: (HasPhrasing,),
    Capability.VOCABULARY: (HasVocabulary,),
    Capability.TRANSCRIPTS: (HasTranscripts,),
}


def capabilities(benchmark: object) -> frozenset[Capability]:
    """The capabilities that a benchmark provides."""
    benchmark = getattr(benchmark, "core", benchmark)
    return frozenset(name for name, protocols in _PROTOCOLS.items() if isinstance(benchmark, protocols))


def stated(facts: Facts, task: Task) -> PrivilegedState:
    """Privileged facts as the state that teachers read.

    Raises:
        TypeError: If they are none of `Facts`.
    """
    if isinstance(facts, PrivilegedState):
        return facts
    if isinstance(facts, str):
        sentences: tuple[str, ...] = (facts,) if facts else ()
    elif isinstance(facts, Mapping):
        sentences = tuple(f"{name}: {value}" for name, value in facts.items())
    elif isinstance(facts, Sequence) and all(isinstance(fact, str) for fact in facts):
        sentences = tuple(facts)
    else:
        raise TypeError(f"privileged facts are a text, texts, or texts by name, and not {type(facts).__name__}")
    return PrivilegedState(task=task.goal, essentials=(), facts=sentences, plan=())
