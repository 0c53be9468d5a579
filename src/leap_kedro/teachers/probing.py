"""Measures of a teacher's advice: its value, and how it depends on the hidden facts.

All of this is privileged: it replays logged episodes, and nothing of it reaches a student.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from leap_kedro.environments.protocol import Decision, Environment, Expert, Option, Oracle
from leap_kedro.records import CorrectedEpisode, Episode
from leap_kedro.teachers.replay import replay
from leap_kedro.teachers.unprivileged import executable_options


class Decider(Protocol):
    """A teacher that can be asked about any state of an environment, not only about an episode that was played."""

    def decide(self, environment: Environment, options: Sequence[Option]) -> Decision | None:
        """What it would do there, given what an unprivileged expert considers; None if it knows of nothing."""
        ...


def action_costs(
    environment: Environment, oracle: Oracle, episode: Episode, corrected: CorrectedEpisode
) -> Iterator[tuple[int, int]]:
    """Least actions to the goal after the student's action and after the teacher's, a pair a decision.

    A refused action of the student leaves it where it was. Left out are decisions at which the teacher has no action
    that can be done, and those after which there is no way to the goal any more.

    Args:
        environment: Where the episode is replayed.
        oracle: Who knows the ways.
        episode: What the student did.
        corrected: What the teacher said of it.

    Raises:
        ReplayMismatch: If the environment does not answer as it did for the student.
        EnvironmentFailure: If the task cannot be built.
    """
    advised = {correction.step: correction.action for correction in corrected.corrections}
    for index, _ in replay(environment, episode):
        if index not in advised:
            continue
        step = episode.steps[index]
        students, teachers = oracle.lookahead(environment, [step.action, advised[index]])
        if not step.accepted:
            students = oracle.cost_to_go(environment)
        if students is not None and teachers is not None:
            yield students, teachers


def swapped_decisions(
    environment: Environment,
    oracle: Oracle,
    expert: Expert,
    teacher: Decider,
    episode: Episode,
    count: int,
    seed: int,
) -> Iterator[tuple[Decision | None, tuple[Decision | None, ...]]]:
    """What the teacher says at each decision, and what it would say were the hidden facts others.

    Args:
        environment: Where the episode is replayed.
        oracle: Who knows which other facts the history allows.
        expert: The unprivileged expert whose options the teacher gets; they follow from the history alone.
        teacher: Who is asked.
        episode: What the student did.
        count: Most other states a decision.
        seed: Seed of what is hidden in them.

    Yields:
        The decision, and one a state that the history cannot tell from the true one; none where it leaves nothing open.

    Raises:
        ReplayMismatch: If the environment does not answer as it did for the student.
        EnvironmentFailure: If the task cannot be built.
    """
    actions: list[str] = []
    for index, seen in replay(environment, episode, expert):
        options = executable_options(expert, environment, seen.admissible)
        others = oracle.alternatives(environment, actions, count, seed)
        yield teacher.decide(environment, options), tuple(teacher.decide(other, options) for other in others)
        actions.append(episode.steps[index].action)
