"""Which tasks are pending, and which episode of a task counts."""

from collections.abc import Iterable, Sequence

from leap_kedro.policies.running_episode import SeededTask
from leap_kedro.records import Episode, StopReason, Task, UserError
from leap_kedro.records.seeds import derive_seed, episode_seed


class AllEpisodesBroken(UserError):
    """Every episode ended for an infrastructure reason."""


class NothingAnswered(UserError):
    """Nearly all replies of a policy are empty, cut off or refused as too long."""


def pending_tasks(tasks: Sequence[Task], so_far: Iterable[Episode], run_seed: int) -> list[Task]:
    """The tasks without a complete episode.

    A task is pending again if its episode ended for an infrastructure reason, or before its first decision because the
    conversation was too long: such an episode says nothing about the policy.
    """
    return [pending.task for pending in pending_groups(tasks, so_far, run_seed, 1)]


def pending_groups(
    tasks: Sequence[Task], so_far: Iterable[Episode], run_seed: int, group_size: int
) -> list[SeededTask]:
    """As `pending_tasks`, where each task is played `group_size` times; the first has the seed of a single episode."""
    seeds = [run_seed, *(derive_seed(run_seed, "group", number) for number in range(1, group_size))]
    groups = [SeededTask(task, episode_seed(seed, task.id)) for task in tasks for seed in seeds]
    done = {SeededTask(episode.task, episode.seed).id for episode in so_far if not _says_nothing(episode)}
    return [each for each in groups if each.id not in done]


def _says_nothing(episode: Episode) -> bool:
    return episode.stop.is_infrastructure or (episode.stop is StopReason.TOKEN_LIMIT and not episode.steps)


def settled(episodes: Iterable[Episode]) -> list[Episode]:
    """One episode per id, sorted by id; if an episode was repeated, the last one.

    Episodes are stored in the order in which they end, which depends on the machine. Results must not depend on it.
    """
    latest = {episode.id: episode for episode in episodes}
    return [latest[name] for name in sorted(latest)]
