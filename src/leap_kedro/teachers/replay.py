"""Replay of an episode, checked against the student's observations."""

from collections.abc import Iterator

from leap_kedro.environments.protocol import Environment, Expert, Observation
from leap_kedro.policies.running_episode import no_action
from leap_kedro.records import Episode
from leap_kedro.teachers.protocol import ReplayMismatch


def replay(
    environment: Environment, episode: Episode, expert: Expert | None = None
) -> Iterator[tuple[int, Observation]]:
    """Bring `environment` to the state of each decision of the episode in turn.

    The caller must not change the state while it handles a step.

    Args:
        environment: Replays the episode.
        episode: The episode.
        expert: An expert that follows the student's observations and actions.

    Yields:
        Index of the step and the student's observation.

    Raises:
        ReplayMismatch: If an observation differs from the one in the episode.
        EnvironmentFailure: If the task cannot be built.
    """
    seen = environment.reset(episode.task)
    for index, step in enumerate(episode.steps):
        _compare(episode, index, seen.text, step.observation)
        if expert is not None and index == 0:
            expert.start(seen.text)
        elif expert is not None:
            expert.observe(episode.steps[index - 1].action, seen.text)
        yield index, seen
        seen = environment.step(step.action).observation if step.action else no_action(seen)
    if episode.steps:
        _compare(episode, len(episode.steps), seen.text, episode.final_observation)


def _compare(episode: Episode, index: int, found: str, expected: str) -> None:
    if found != expected:
        raise ReplayMismatch(
            f"Episode {episode.id}, step {index}: the environment answers {found[:200]!r}, but the episode has "
            f"{expected[:200]!r}. The episode was played with other environment options or another version of the "
            "environment: correct it with the options of its rollout, or play it again."
        )
