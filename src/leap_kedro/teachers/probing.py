"""Measures a teacher's advice: its value, and how it changes with the hidden facts.

Everything here is privileged. It replays logged episodes and never reaches a student.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from leap_kedro.environments.protocol import Decision, Environment, Expert, Option, Oracle
from leap_kedro.records import CorrectedEpisode, Episode
from leap_kedro.teachers.replay import replay
from leap_kedro.teachers.unprivileged import executable_options


class Decider(Protocol):
    """A teacher that can decide in any state of an environment, not only in those of a played episode."""

    def decide(self, environment: Environment, options: Sequence[Option]) -> Decision | None:
        """Its decision, given an unprivileged expert's options; None if it has none."""


def action_costs(
    environment: Environment, oracle: Oracle, episode: Episode, corrected: CorrectedEpisode
) -> Iterator[tuple[int, int]]:
    """Minimum actions to the goal after the student's and after the teacher's action, one pair per decision.

    A refused action of the student does not change the state. Decisions without an executable action of the teacher,
    and those after which the goal cannot be reached, are left out.

    Args:
        environment: Replays the episode.
        oracle: Computes the costs.
        episode: The student's episode.
        corrected: The teacher's corrections.

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
    environment: Environment, oracle: Oracle, expert: Expert, teacher: Decider, episode: Episode, count: int, seed: int
) -> Iterator[tuple[Decision | None, tuple[Decision | None, ...]]]:
    """The teacher's decisions, and those that it would make if the hidden facts were different.

    Args:
        environment: Replays the episode.
        oracle: Generates alternative states that are consistent with the history.
        expert: The unprivileged expert that gives the options; they depend only on the history.
        teacher: The teacher.
        episode: The student's episode.
        count: Maximum number of alternative states per decision.
        seed: Seed of the alternative states.

    Yields:
        The decision, and one per alternative state (none if the history determines the state).

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
