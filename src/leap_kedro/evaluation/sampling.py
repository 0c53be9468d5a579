"""A sample of episodes for people to read: a few solved and unsolved ones, always the same."""

from collections.abc import Sequence

from leap_kedro.records import Episode


def sample(episodes: Sequence[Episode], count: int) -> list[Episode]:
    """The first unsolved and the first solved episodes, half of each if possible, without infrastructure errors."""
    played = [episode for episode in episodes if not episode.stop.is_infrastructure]
    unsolved = [episode for episode in played if not episode.success]
    solved = [episode for episode in played if episode.success]
    first = unsolved[: max((count + 1) // 2, count - len(solved))]
    return first + solved[: count - len(first)]
