"""Replay: an episode's states again, checked against what the student saw."""

from collections.abc import Iterator

from leap_kedro.environments.protocol import Environment, Observation
from leap_kedro.policies.running import no_action
from leap_kedro.records import Episode
from leap_kedro.teachers.protocol import ReplayMismatch


def replay(environment: Environment, episode: Episode) -> Iterator[tuple[int, Observation]]:
    """Bring `environment` to the state of each decision of the episode in turn.

    While the caller has a step in hand, the environment stands where the student decided; the caller must leave it
    there.

    Yields:
        Index of the step and what the student had in front of it.

    Raises:
        ReplayMismatch: If an observation is not the one in the episode.
        EnvironmentFailure: If the task cannot be built.
    """
    seen = environment.reset(episode.task)
    for index, step in enumerate(episode.steps):
        _compare(episode, index, seen.text, step.observation)
        yield index, seen
        seen = environment.step(step.action).observation if step.action else no_action(seen)
    if episode.steps:
        _compare(episode, len(episode.steps), seen.text, episode.final_observation)


def _compare(episode: Episode, index: int, found: str, expected: str) -> None:
    if found != expected:
        raise ReplayMismatch(
            f"Episode {episode.id}, step {index}: the environment says {found[:200]!r} where the episode has "
            f"{expected[:200]!r}. It was played with other options of the environment or by another "
            "version of the environment: correct it with the options of its rollout, or play it again."
        )
