"""A conversation: the trunk that an episode has grown so far, at the moment of a decision."""

from dataclasses import dataclass

from leap_kedro.records import Episode, Turn


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a policy is asked to answer.

    Attributes:
        key: Name of the episode, by which a policy finds its cached trunk again.
        opening: First observation, which states the task.
        turns: Actions and observations since.
        admissible: The actions that the environment lists now, in its order; None if it lists none.
        seed: Seed for sampling this reply; the reply must not depend on what else is in a batch.
        privileged: Privileged block shown before the opening (self teacher only).
    """

    key: str
    opening: str
    turns: tuple[Turn, ...]
    admissible: tuple[str, ...] | None = None
    seed: int = 0
    privileged: str = ""

    @property
    def seen(self) -> str:
        """The observation in front: what is to be answered."""
        return self.turns[-1].observation if self.turns else self.opening


def conversation_at(episode: Episode, step: int) -> Conversation:
    """The conversation that the policy answered at `step` of `episode`."""
    return Conversation(
        key=episode.id,
        opening=episode.opening,
        turns=episode.turns[:step],
        admissible=episode.steps[step].admissible,
        seed=episode.seed,
    )
