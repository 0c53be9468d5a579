"""What an iteration reads from earlier ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.datasets.history import Iteration
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.evaluation.success import EvaluationSummary

History = Mapping[int, Iteration]
"""Number -> finished iteration, from 0."""


def before(history: History, iteration: int) -> list[Iteration]:
    """Iterations 0 to k-1, even if later ones are finished; `iteration` is k."""
    return [history[earlier] for earlier in range(iteration)]


def parent_of(history: History, iteration: int) -> SavedPolicy:
    """pi_{k-1}, which plays in iteration k and from which pi_k is trained."""
    return history[iteration - 1].policy()


def summaries_of(history: History, newest: Sequence[Mapping[str, Any]], iteration: int) -> list[EvaluationSummary]:
    """Evaluations of the base model and of pi_0..pi_k; `newest` is that of pi_k, `iteration` is k."""
    earlier = [plain for past in before(history, iteration) for plain in past.evaluations]
    return EvaluationSummary.all_from_json((*earlier, *newest))
