"""Demonstrations: an unprivileged expert plays, with some random actions, and labels each step with its decision.

The random actions lead away from the expert's path, and its labels show how to return. Labels are always executable
(`executable_options`), like replies that are restricted to the admissible actions.

`informed` adds a block of privileged facts and an informed teacher's labels to a demonstration, so that a student
learns to use such a block and can be its own teacher.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from leap_kedro.environments.actions import is_open
from leap_kedro.environments.protocol import Benchmark, Decision, Option
from leap_kedro.policies.running_episode import PlaySettings, RunningEpisode
from leap_kedro.records import Episode, Example, StopReason, Target, Task
from leap_kedro.records.seeds import episode_seed
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.players import play_guided
from leap_kedro.teachers.privileged_block import privileged_block
from leap_kedro.teachers.unprivileged import NO_EXPERT, PLANNER, intended


@dataclass(frozen=True, slots=True)
class Demonstration:
    """An episode and the expert's decision at each step.

    Attributes:
        episode: The episode.
        labels: The expert's decisions; None at steps where it had none.
    """

    episode: Episode
    labels: tuple[Decision | None, ...]

    def example(self) -> Example:
        """The training example in which every label is a target."""
        labels = enumerate(self.labels)
        return Example.of(self.episode, [Target(step, label.reason, label.action) for step, label in labels if label])


def demonstrations(
    benchmark: Benchmark,
    tasks: Iterable[Task],
    expert: str,
    *,
    max_actions: int,
    noise: float,
    seed: int,
    iteration: int = 0,
) -> Iterator[Demonstration]:
    """One demonstration per task, solved or not, in order.

    Args:
        benchmark: The benchmark of the tasks.
        tasks: The tasks to play.
        expert: Name of the benchmark's expert that plays, or `PLANNER`; recorded as the episode's policy.
        max_actions: Maximum number of actions.
        noise: Share of random admissible actions, 0 to 1.
        seed: Seed of the run, from which the seeds of the episodes are derived.
        iteration: LEAP iteration of the episodes.

    Raises:
        EnvironmentFailure: If a task cannot be built.
    """
    settings = PlaySettings(max_actions, refused_limit=None, seed=seed, iteration=iteration)
    planner = OracleTeacher(benchmark, NO_EXPERT, privilege=100) if expert == PLANNER else None
    for task in tasks:
        player = _NoisyExpert(noise, Random(f"{episode_seed(seed, task.id)}/{task.id}"), planner)
        (episode,) = play_guided(benchmark, [task], NO_EXPERT if planner else expert, settings, expert, player)
        if episode.failure is not None:
            raise episode.failure
        yield Demonstration(episode.result(), tuple(player.labels))


class _NoisyExpert:
    """Takes the expert's decision, or the planner's, or, at random, another listed action.

    Attributes:
        labels: The expert's decision at each step so far.
    """

    def __init__(self, noise: float, rng: Random, planner: OracleTeacher | None) -> None:
        self._noise, self._rng, self._planner = noise, rng, planner
        self.labels: list[Decision | None] = []

    def __call__(self, episode: RunningEpisode, options: Sequence[Option]) -> Decision | None:
        label = options[0].decision if options else None
        if self._planner is not None:
            planned = self._planner.decide(episode.environment, ())
            label = intended(planned.action) if planned else None  # what a plan rests on is hidden from the student
        strays = self._rng.random() < self._noise or label is None
        closed = [action for action in episode.admissible or () if not is_open(action)]
        decision = Decision("", self._rng.choice(closed)) if strays and closed else label
        if decision is None:
            episode.end(StopReason.STEP_LIMIT)
        else:
            self.labels.append(label)
        return decision


def informed(demonstration: Demonstration, benchmark: Benchmark, teacher: OracleTeacher) -> Example:
    """The same episode after a privileged block, with a teacher's corrections as labels.

    Args:
        demonstration: The episode.
        benchmark: The benchmark of its task.
        teacher: The teacher; its privilege level is that of the block.
    """
    episode = demonstration.episode
    environment = benchmark.environment()
    environment.reset(episode.task)
    block = privileged_block(benchmark.oracle().state(environment), teacher.privilege)
    targets = [
        Target(correction.step, correction.reason, correction.action)
        for correction in teacher.correct(episode).corrections
        if correction.accepted
    ]
    return replace(demonstration.example(), privileged=block, targets=tuple(targets))
