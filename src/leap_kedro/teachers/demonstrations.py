"""Demonstrations: an unprivileged expert plays, now and then a random action instead, and says at each step what to do.

The random actions lead off the expert's path, and its label is kept there, too: so a student sees how to come back.
Labels are always executable (`executable_options`), as replies are that are held to the admissible actions.

`informed` shows one a second time, with a block of privileged facts in front and an informed teacher's labels: so a
student learns to use such a block, and can be its own teacher.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from leap_kedro.environments.actions import is_open
from leap_kedro.environments.protocol import Benchmark, Decision, Environment, Expert
from leap_kedro.records import Episode, Example, ParseStatus, Step, StopReason, Target, Task
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.privileged_block import privileged_block
from leap_kedro.teachers.unprivileged import executable_options


@dataclass(frozen=True, slots=True)
class Demonstration:
    """An episode and what the expert would have done at each of its steps.

    Attributes:
        episode: What was done.
        labels: The expert's decision at each step; None where it knew nothing more to try.
    """

    episode: Episode
    labels: tuple[Decision | None, ...]

    def example(self) -> Example:
        """The episode to be imitated: every label is a target."""
        targets = [
            Target(step, label.reason, label.action) for step, label in enumerate(self.labels) if label is not None
        ]
        return Example.of(self.episode, targets)


def demonstrate(
    environment: Environment,
    expert: Expert,
    task: Task,
    *,
    name: str,
    max_actions: int,
    noise: float,
    seed: int,
    iteration: int = 0,
) -> Demonstration:
    """Let an expert play a task.

    Args:
        environment: Where it plays.
        expert: Who plays.
        task: What it plays.
        name: Id of the expert, recorded as the episode's policy.
        max_actions: Cap on actions.
        noise: Share of random admissible actions, 0 to 1.
        seed: Seed of the random actions.
        iteration: Iteration that the episode belongs to.

    Raises:
        EnvironmentFailure: If the task cannot be built.
    """
    rng = Random(f"{seed}/{task.id}")
    seen = environment.reset(task)
    expert.start(seen.text)
    steps: list[Step] = []
    labels: list[Decision | None] = []
    score, stop = 0.0, StopReason.STEP_LIMIT
    parts: Mapping[str, float] = {}
    while len(steps) < max_actions:
        options = executable_options(expert, environment, seen.admissible)
        label = options[0].decision if options else None
        strays = rng.random() < noise or label is None
        closed = [action for action in seen.admissible or () if not is_open(action)]
        decision = Decision("", rng.choice(closed)) if strays and closed else label
        if decision is None:
            break
        result = environment.step(decision.action)
        score, parts = result.score, result.parts
        labels.append(label)
        steps.append(
            Step(
                observation=seen.text,
                admissible=seen.admissible,
                reply=f"{decision.reason}\n{decision.action}".strip(),
                reason=decision.reason,
                action=decision.action,
                parse_status=ParseStatus.OK,
                accepted=result.accepted,
                score=score,
            )
        )
        seen = result.observation
        expert.observe(decision.action, seen.text)
        if result.done:
            stop = StopReason.SOLVED if score >= 1 else StopReason.FINISHED
            break
    episode = Episode(
        task=task,
        policy=name,
        iteration=iteration,
        seed=seed,
        steps=tuple(steps),
        final_observation=seen.text,
        score=score,
        success=stop is StopReason.SOLVED,
        stop=stop,
        parts=parts,
    )
    return Demonstration(episode, tuple(labels))


def demonstrations(
    benchmark: Benchmark, jobs: Iterable[tuple[Task, int]], expert: str, *, max_actions: int, noise: float
) -> Iterator[Demonstration]:
    """One demonstration a job, won or not, in order; `expert` names one of the benchmark's.

    Args:
        benchmark: Whose tasks they are.
        jobs: Tasks with the seeds of their episodes.
        expert: Name of the expert.
        max_actions: Cap on actions.
        noise: Share of random admissible actions, 0 to 1.
    """
    environment = benchmark.environment()
    for task, seed in jobs:
        player = benchmark.expert(expert, seed)
        yield demonstrate(environment, player, task, name=expert, max_actions=max_actions, noise=noise, seed=seed)


def informed(demonstration: Demonstration, benchmark: Benchmark, teacher: OracleTeacher) -> Example:
    """The same episode for a student that is told the secret: the block in front, the teacher's corrections as labels.

    Args:
        demonstration: What was done.
        benchmark: Where.
        teacher: Who labels; its privilege level is that of the block.
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
