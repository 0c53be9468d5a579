"""The constrained privileged expert of LEAP (arXiv 2410.05434, appendix): how much of the secret comes through.

The expert that a student can learn from maximises the advantage subject to staying near what could be known without
privilege: `max_pi E[A(s, a)]` subject to `KL(pi || pi_prior) <= delta`, whose solution is `pi_prior exp(A / lambda)`.
"""

from collections.abc import Sequence
from math import exp, inf

from pydantic import BaseModel, ConfigDict, Field


class Constraint(BaseModel):
    """How an oracle teacher is held near the unprivileged expert.

    Attributes:
        temperature: lambda of the formula, in actions: 0 follows privilege alone, infinity ignores it.
        trust: Prior probability of the unprivileged expert's own choice; the rest is spread by common knowledge.
        least_saving: Number of actions that privilege must save before the expert's choice is departed from; a choice
            after which the task cannot be solved any more is always departed from.
        by_group: Whether privilege tells no more than the group (the kind of place) in which to search; within it the
            expert's own order stands.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(ge=0)
    trust: float = Field(default=0.5, gt=0, le=1)
    least_saving: int = Field(default=0, ge=0)
    by_group: bool = True


LEVELS: dict[int, Constraint] = {
    0: Constraint(temperature=inf),
    25: Constraint(temperature=2.0, least_saving=6),
    50: Constraint(temperature=1.0, least_saving=6),
    75: Constraint(temperature=0.3, by_group=False),
    100: Constraint(temperature=0.0, by_group=False),
}
"""The five privilege levels, per cent. At 100 the planner is followed, and its reasons name the secret."""


def constrained_expert(prior: Sequence[float], advantages: Sequence[float | None], temperature: float) -> list[float]:
    """Probabilities pi(a | s, h), proportional to pi_prior(a | h) exp(A(s, a) / lambda).

    Source: LEAP, arXiv 2410.05434, appendix (the constrained expert in its soft form).

    Args:
        prior: pi_prior(a | h) of each action; need not sum to 1.
        advantages: A(s, a) of each, in actions saved (0 for the best, negative else); None if it cannot be done.
        temperature: lambda; 0 is the limit in which only the largest advantage counts, infinity gives the prior.

    Returns:
        The probabilities, summing to 1; all 0 if nothing can be done.
    """
    possible = [advantage for advantage in advantages if advantage is not None]
    if not possible:
        return [0.0] * len(prior)
    best = max(possible)

    def tilt(advantage: float | None) -> float:
        if advantage is None:
            return 0.0
        if temperature == 0:
            return float(advantage == best)
        return exp((advantage - best) / temperature)

    weights = [p * tilt(advantage) for p, advantage in zip(prior, advantages, strict=True)]
    total = sum(weights)
    return [weight / total for weight in weights] if total else weights
