"""A conversation: the turns of an episode so far, at a decision."""

from dataclasses import dataclass

from leap_kedro.records import Episode, Turn


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that a policy answers.

    Attributes:
        key: Name of the episode, by which a policy finds its cached trunk.
        opening: First observation, which states the task.
        turns: Actions and observations since then.
        admissible: The actions that the environment currently lists, in its order; None if it lists none.
        seed: Seed for sampling this reply, which must not depend on the rest of a batch.
        privileged: Privileged block before the opening (self teacher only).
    """

    key: str
    opening: str
    turns: tuple[Turn, ...]
    admissible: tuple[str, ...] | None = None
    seed: int = 0
    privileged: str = ""

    @property
    def seen(self) -> str:
        """The latest observation."""
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
