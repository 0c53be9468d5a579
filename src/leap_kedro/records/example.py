"""A training example: one episode's trunk and the supervised replies that branch from it."""

from collections.abc import Iterable
from dataclasses import dataclass

from leap_kedro.records.episode import Episode, Turn


@dataclass(frozen=True, slots=True)
class OwnReply:
    """What the student itself said at a decision.

    Attributes:
        reason: Its reason.
        action: Its action.
    """

    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class Target:
    """A reply to be learnt at one decision.

    Attributes:
        step: Number of turns that precede the decision (0: right after the opening).
        reason: Reason to be learnt.
        action: Action to be learnt.
        weight: Weight of the reply in the loss.
        rejected: The student's own reply, to which this one is to be preferred (DPO), the two may be equal; None for a
            demonstration, and where no action could be read out of what the student said.
    """

    step: int
    reason: str
    action: str
    weight: float = 1.0
    rejected: OwnReply | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """An episode to be trained on in trunk-and-branch form.

    Attributes:
        episode: Id of the episode it comes from.
        iteration: The D_k that it belongs to.
        environment: Registered name of the environment.
        opening: First observation, which states the task.
        turns: The history as the student lived it.
        targets: The replies to be learnt, by rising step.
        privileged: Privileged block shown before the opening; "" for the student proper.
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
        """What is learnt of an episode: its history as the student lived it, and replies to it.

        Args:
            episode: The episode.
            targets: The replies, by rising step.
            privileged: Privileged block to show before the opening.
        """
        return cls(
            episode=episode.id,
            iteration=episode.iteration,
            environment=episode.task.environment,
            opening=episode.opening,
            turns=episode.turns,
            targets=tuple(targets),
            privileged=privileged,
        )
