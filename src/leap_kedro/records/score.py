"""A score: the log-probability of a given reply under a policy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplyScore:
    """The score of one reply at one decision.

    Attributes:
        episode: Id of the episode.
        step: Index of the decision.
        logprob: Log-probability of the whole reply, end token included (natural log).
        greedy: Whether the policy, decoding greedily, would give exactly this reply.
    """

    episode: str
    step: int
    logprob: float
    greedy: bool
