"""A briefing: an episode with the facts that were hidden from the student at each decision."""

from dataclasses import dataclass

from leap_kedro.environments.protocol import Benchmark, Oracle
from leap_kedro.records import Episode, PrivilegedState
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
    """An episode and one moment per step."""

    episode: Episode
    moments: tuple[Moment, ...]

    def known(self, step: int) -> list[str]:
        """All observations and own actions of the student before its decision at `step`."""
        steps = self.episode.steps
        return [*(seen.observation for seen in steps[: step + 1]), *(done.action for done in steps[:step])]


def brief(benchmark: Benchmark, oracle: Oracle, episode: Episode) -> Briefing:
    """The briefing of an episode, by replay.

    Raises:
        ReplayMismatch: If the replayed environment does not answer as it did for the student.
        EnvironmentFailure: If the task cannot be built.
    """
    environment = benchmark.environment()
    states = ((oracle.state(environment), seen.admissible) for _, seen in replay(environment, episode))
    return Briefing(episode, tuple(Moment(state, oracle.secrets(state), admissible) for state, admissible in states))
