"""A briefing: an episode with the facts that were hidden from the student at each decision."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from leap_kedro.environments.completed import Completed
from leap_kedro.environments.core import Capability, capabilities
from leap_kedro.environments.protocol import Benchmark, EnvironmentFailure, Oracle
from leap_kedro.records import Episode, PrivilegedState
from leap_kedro.teachers.protocol import ReplayMismatch
from leap_kedro.teachers.replay import replay


@dataclass(frozen=True, slots=True)
class Moment:
    """The teacher's view of one decision of an episode.

    Attributes:
        state: Privileged state.
        secrets: Names in that state that a reason must not reveal.
        admissible: Actions that the environment lists; None if it lists none.
    """

    state: PrivilegedState
    secrets: tuple[str, ...]
    admissible: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Briefing:
    """An episode and one moment per step.

    Attributes:
        trial: Tries an action at a step by replay, where the environment lists no actions; None: it is not tried.
    """

    episode: Episode
    moments: tuple[Moment, ...]
    trial: "Callable[[int, str], bool | None] | None" = None

    def known(self, step: int) -> list[str]:
        """All observations and own actions of the student before its decision at `step`."""
        steps = self.episode.steps
        return [*(seen.observation for seen in steps[: step + 1]), *(done.action for done in steps[:step])]


def brief(benchmark: Benchmark, oracle: Oracle, episode: Episode) -> Briefing:
    """The briefing of an episode, by replay; without one if the privileged facts of its task are all that is known.

    Raises:
        ReplayMismatch: If the replayed environment does not answer as it did for the student.
        EnvironmentFailure: If the task cannot be built.
    """
    trial = partial(_executes, benchmark, episode) if isinstance(benchmark, Completed) else None
    if isinstance(benchmark, Completed) and Capability.PLAN not in capabilities(benchmark):
        state = benchmark.privileged(episode.task)
        secrets = oracle.secrets(state)
        return Briefing(episode, tuple(Moment(state, secrets, step.admissible) for step in episode.steps), trial)
    environment = benchmark.environment()
    states = ((oracle.state(environment), seen.admissible) for _, seen in replay(environment, episode))
    moments = (Moment(state, oracle.secrets(state), admissible) for state, admissible in states)
    return Briefing(episode, tuple(moments), trial)


def _executes(benchmark: Benchmark, episode: Episode, step: int, action: str) -> bool | None:
    """Whether the environment accepts an action at a step; None if it does not repeat what it answered before."""
    done = episode.steps[step]
    if action == done.action:
        return done.accepted
    environment = benchmark.environment()
    try:
        for index, _ in replay(environment, episode):
            if index == step:
                return environment.step(action).accepted
    except (ReplayMismatch, EnvironmentFailure):
        return None
    return None
