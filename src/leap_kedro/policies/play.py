"""The rollout driver: a policy plays tasks, many episodes at once, and a finished one makes room for the next."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.policies.protocol import Policy, PolicyStopped, Reply
from leap_kedro.policies.running_episode import RunningEpisode
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, ParseStatus, StopReason, Task
from leap_kedro.records.seeds import episode_seed


@dataclass(frozen=True, slots=True)
class PlaySettings:
    """How episodes are played.

    Attributes:
        max_actions: Cap on actions.
        refused_limit: Refused actions in a row that end an episode; None for no limit (where replies are held to the
            admissible actions).
        slots: Episodes alive at once.
        seed: Seed of the run, from which each episode's own seed follows.
        iteration: LEAP iteration, for the record.
    """

    max_actions: int
    refused_limit: int | None = 3
    slots: int = 32
    seed: int = 0
    iteration: int = 0


def play(
    tasks: Iterable[Task], environment_spec: EnvironmentSpec, policy: Policy, settings: PlaySettings
) -> Iterator[Episode]:
    """Play each task once.

    A task is drawn only when a slot is free. What breaks in an environment or a policy ends that episode with an
    infrastructure stop; nothing is raised for an episode's sake.

    Yields:
        Episodes as they end, which is not the order of the tasks.

    Raises:
        PolicyStopped: If the policy will answer no more; the episodes under way are lost.
    """
    benchmark = make_benchmark(environment_spec)
    waiting = iter(tasks)
    live: list[RunningEpisode] = []
    while True:
        for task in _drawn(waiting, settings.slots - len(live)):
            live.append(_begin(task, benchmark, policy, settings))
        if not live:
            return
        _round([episode for episode in live if episode.stop is None], policy)
        yield from [episode.result() for episode in live if episode.stop is not None]
        live = [episode for episode in live if episode.stop is None]


def _drawn(waiting: Iterator[Task], count: int) -> Iterator[Task]:
    for _ in range(count):
        task = next(waiting, None)
        if task is None:
            return
        yield task


def _begin(task: Task, benchmark: Benchmark, policy: Policy, settings: PlaySettings) -> RunningEpisode:
    return RunningEpisode(
        task,
        benchmark,
        policy=policy.id,
        iteration=settings.iteration,
        seed=episode_seed(settings.seed, task.id),
        max_actions=settings.max_actions,
        refused_limit=settings.refused_limit,
    )


def _round(live: list[RunningEpisode], policy: Policy) -> None:
    """One decision of every live episode."""
    asked = []
    for episode in live:
        conversation = episode.conversation()
        if policy.fits(conversation):
            asked.append((episode, conversation))
        else:
            episode.end(StopReason.TOKEN_LIMIT)
    if asked:
        replies = _replies(policy, [conversation for _, conversation in asked])
        for (episode, _), reply in zip(asked, replies, strict=True):
            episode.take(reply)


def _replies(policy: Policy, conversations: list[Conversation]) -> list[Reply]:
    try:
        return policy.reply(conversations)
    except PolicyStopped:
        raise
    except Exception as error:
        broken = Reply("", "", "", ParseStatus.NO_ACTION, error=f"{type(error).__name__}: {error}")
        return [broken] * len(conversations)
