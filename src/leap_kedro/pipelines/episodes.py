"""Which episodes are owed, and which are settled."""

from collections.abc import Iterable, Sequence

from leap_kedro.records import Episode, StopReason, Task, UserError
from leap_kedro.records.seeds import episode_seed


class AllEpisodesBroken(UserError):
    """Not one episode says anything about the policy."""


class NothingAnswered(UserError):
    """Nearly all replies of a policy are empty, cut off or refused as too long."""


def still_owed(tasks: Sequence[Task], so_far: Iterable[Episode], run_seed: int) -> list[Task]:
    """The tasks that no whole episode was played of yet.

    An episode that ended for an infrastructure reason, or before its first decision because the conversation was too
    long, says nothing about the policy: it is pending again.
    """
    done = {(episode.task.id, episode.seed) for episode in so_far if not _says_nothing(episode)}
    return [task for task in tasks if (task.id, episode_seed(run_seed, task.id)) not in done]


def _says_nothing(episode: Episode) -> bool:
    return episode.stop.is_infrastructure or (episode.stop is StopReason.TOKEN_LIMIT and not episode.steps)


def settled(episodes: Iterable[Episode]) -> list[Episode]:
    """One episode an id, in the order of ids; of an episode that was played again, the last.

    Episodes are stored in the order in which they end, which depends on the machine; nothing downstream may.
    """
    latest = {episode.id: episode for episode in episodes}
    return [latest[name] for name in sorted(latest)]
