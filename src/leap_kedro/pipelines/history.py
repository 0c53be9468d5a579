"""What an iteration needs of those before it."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.datasets.history import Iteration
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.records import UserError

History = Mapping[int, Iteration]
"""Number -> finished iteration, from 0."""


class IterationMissing(UserError):
    """An iteration that a stage needs is not finished."""


def before(history: History, iteration: int) -> list[Iteration]:
    """Iterations 0 to k-1, also where later ones are finished.

    Args:
        history: The finished iterations.
        iteration: k.

    Raises:
        IterationMissing: If one of them is not finished.
    """
    for earlier in range(iteration):
        if earlier not in history:
            raise IterationMissing(
                f"This stage needs iteration {earlier}, which is not finished. Run "
                "`kedro run --pipelines=leap_iteration`, which runs all that is missing."
            )
    return [history[earlier] for earlier in range(iteration)]


def parent_of(history: History, iteration: int) -> SavedPolicy:
    """pi_{k-1}, which plays in iteration k and which pi_k is trained from. Raises `IterationMissing` as `before`."""
    return before(history, iteration)[-1].policy()


def summaries_of(history: History, newest: Sequence[Mapping[str, Any]], iteration: int) -> list[EvaluationSummary]:
    """Evaluations of the base model and of pi_0..pi_k, in this order.

    Args:
        history: The finished iterations.
        newest: Evaluation of pi_k, as plain values.
        iteration: k.
    """
    earlier = [plain for past in before(history, iteration) for plain in past.evaluations]
    return [EvaluationSummary.from_json(plain) for plain in (*earlier, *newest)]
