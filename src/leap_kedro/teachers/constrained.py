"""The constrained privileged expert of LEAP (arXiv 2410.05434, appendix), which limits the use of hidden facts.

An expert that a student can learn from maximises the advantage subject to staying near an unprivileged prior:
`max_pi E[A(s, a)]` subject to `KL(pi || pi_prior) <= delta`, whose solution is `pi_prior exp(A / lambda)`.
"""

from collections.abc import Sequence
from math import exp, inf

from pydantic import Field

from leap_kedro.records.parameters import StrictModel


class Constraint(StrictModel):
    """How an oracle teacher is kept near the unprivileged expert.

    Attributes:
        temperature: lambda of the formula, in actions: 0 follows only privilege, infinity ignores it.
        trust: Prior probability of the unprivileged expert's choice; the rest is distributed by common knowledge.
        least_saving: Number of actions that another choice must save to replace the expert's; a choice after which the
            task cannot be solved is always replaced.
        by_group: Whether privilege reveals only the group (the kind of place) in which to search; within a group the
            expert's order is kept.
    """

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
"""The five privilege levels, per cent. At 100 the teacher follows the planner, and its reasons name the secret."""


def constrained_expert(prior: Sequence[float], advantages: Sequence[float | None], temperature: float) -> list[float]:
    """Probabilities pi(a | s, h), proportional to pi_prior(a | h) exp(A(s, a) / lambda).

    Source: LEAP, arXiv 2410.05434, appendix (the constrained expert in its soft form).

    Args:
        prior: pi_prior(a | h) of each action; need not sum to 1.
        advantages: A(s, a) of each, in actions saved (0 for the best, negative otherwise); None if not executable.
        temperature: lambda; 0 is the limit in which only the largest advantage counts, infinity gives the prior.

    Returns:
        The probabilities, summing to 1; all 0 if no action is executable.
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
