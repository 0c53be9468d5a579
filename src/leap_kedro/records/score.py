"""A score: how probable a policy holds one reply that somebody else gave."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplyScore:
    """One reply at one decision, as a policy sees it.

    Attributes:
        episode: Id of the episode.
        step: Index of the decision in it.
        logprob: Log-probability of the whole reply, end token included (natural log).
        greedy: Whether the policy, decoding greedily, would give exactly this reply.
    """

    episode: str
    step: int
    logprob: float
    greedy: bool
