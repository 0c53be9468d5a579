"""A training example: the history of one episode and the replies to learn, which branch from it."""

from collections.abc import Iterable
from dataclasses import dataclass

from leap_kedro.records.episode import Episode, Turn


@dataclass(frozen=True, slots=True)
class OwnReply:
    """The student's own reply at a decision.

    Attributes:
        reason: Its reason.
        action: Its action.
    """

    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class Target:
    """A reply to learn at one decision.

    Attributes:
        step: Number of turns before the decision (0: right after the opening).
        reason: The reason.
        action: The action.
        weight: Weight of the reply in the loss.
        rejected: The student's own reply, which may be equal: the rejected one of DPO; None for a demonstration or an
            unreadable reply.
    """

    step: int
    reason: str
    action: str
    weight: float = 1.0
    rejected: OwnReply | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """An episode in trunk-and-branch form, for training.

    Attributes:
        episode: Id of the episode.
        iteration: k of its D_k.
        environment: Registered name of the environment.
        opening: First observation, which states the task.
        turns: The student's history.
        targets: The replies to learn, by rising step.
        privileged: Privileged block before the opening; "" without privilege.
    """

    episode: str
    iteration: int
    environment: str
    opening: str
    turns: tuple[Turn, ...]
    targets: tuple[Target, ...]
    privileged: str = ""

    @classmethod
    def of(cls, episode: Episode, targets: Iterable[Target], privileged: str = "") -> "Example":
        """The history of an episode, with the replies to learn and perhaps a privileged block."""
        return cls(
            episode=episode.id,
            iteration=episode.iteration,
            environment=episode.task.environment,
            opening=episode.opening,
            turns=episode.turns,
            targets=tuple(targets),
            privileged=privileged,
        )
