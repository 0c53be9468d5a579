"""What an iteration reads from earlier ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.datasets.history import Iteration
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.records import UserError

History = Mapping[int, Iteration]
"""Number -> finished iteration, from 0."""


class NotFinished(UserError):
    """An iteration needs one that is not finished."""


def before(history: History, iteration: int) -> list[Iteration]:
    """Iterations 0 to k-1, even if later ones are finished; `iteration` is k.

    Raises:
        NotFinished: If one of them is not finished.
    """
    missing = [earlier for earlier in range(iteration) if earlier not in history]
    if missing:
        what = f"iteration {missing[0]}" if missing[0] else "the start of the loop (the pipeline `bootstrap`)"
        raise NotFinished(
            f"Iteration {iteration} needs {what}, which is not finished. Run all that is missing:  "
            "kedro run --pipelines=leap_iteration"
        )
    return [history[earlier] for earlier in range(iteration)]


def parent_of(history: History, iteration: int) -> SavedPolicy:
    """pi_{k-1}, which plays in iteration k and from which pi_k is trained. Raises `NotFinished` as `before` does."""
    return before(history, iteration)[-1].policy()


def base_of(history: History) -> Mapping[str, Any] | None:
    """Name and revision of the base model, as `pin_base` gave them; None if the start of the loop is not finished."""
    return history[0].manifest.get("base") if 0 in history else None


def summaries_of(history: History, newest: Sequence[Mapping[str, Any]], iteration: int) -> list[EvaluationSummary]:
    """Evaluations of the base model and of pi_0..pi_k; `newest` is that of pi_k, `iteration` is k."""
    earlier = [plain for past in before(history, iteration) for plain in past.evaluations]
    return EvaluationSummary.all_from_json((*earlier, *newest))
