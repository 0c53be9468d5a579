"""Which tasks are pending, and which episode of a task counts."""

from collections.abc import Iterable, Sequence

from leap_kedro.records import Episode, StopReason, Task, UserError
from leap_kedro.records.seeds import episode_seed


class AllEpisodesBroken(UserError):
    """Every episode ended for an infrastructure reason."""


class NothingAnswered(UserError):
    """Nearly all replies of a policy are empty, cut off or refused as too long."""


def pending_tasks(tasks: Sequence[Task], so_far: Iterable[Episode], run_seed: int) -> list[Task]:
    """The tasks without a complete episode.

    A task is pending again if its episode ended for an infrastructure reason, or before its first decision because the
    conversation was too long: such an episode says nothing about the policy.
    """
    done = {(episode.task.id, episode.seed) for episode in so_far if not _says_nothing(episode)}
    return [task for task in tasks if (task.id, episode_seed(run_seed, task.id)) not in done]


def _says_nothing(episode: Episode) -> bool:
    return episode.stop.is_infrastructure or (episode.stop is StopReason.TOKEN_LIMIT and not episode.steps)


def settled(episodes: Iterable[Episode]) -> list[Episode]:
    """One episode per id, sorted by id; if an episode was repeated, the last one.

    Episodes are stored in the order in which they end, which depends on the machine. Results must not depend on it.
    """
    latest = {episode.id: episode for episode in episodes}
    return [latest[name] for name in sorted(latest)]
