"""The released policy: the best one on validation tasks, since learning curves are not monotone."""

from collections.abc import Sequence
from dataclasses import replace

from leap_kedro.evaluation.success import Conditions, EvaluationSummary, Role
from leap_kedro.records import UserError


class NotComparable(UserError):
    """These results must not be compared."""


def champion(summaries: Sequence[EvaluationSummary]) -> EvaluationSummary:
    """The result with the highest success on validation tasks; among equal ones that of the earliest iteration.

    Args:
        summaries: Results of pi_0, pi_1, ... on validation tasks, under the same conditions.

    Raises:
        NotComparable: If there are none, their conditions differ, or one is of a test split or outside the loop.
    """
    if not summaries:
        raise NotComparable("No evaluation to choose a champion from: evaluate a policy on the validation split first.")
    _check(summaries)
    return min(summaries, key=lambda summary: (-summary.success.rate, summary.iteration or 0))


def _check(summaries: Sequence[EvaluationSummary]) -> None:
    expected = _without_seed(summaries[0].conditions)
    for summary in summaries:
        found = summary.conditions
        if found.role is not Role.VALIDATION:
            raise NotComparable(
                f"The champion is chosen on validation tasks only; '{summary.policy}' was evaluated on "
                f"'{found.split}' ({found.role.value})."
            )
        if summary.iteration is None:
            raise NotComparable(f"'{summary.policy}' belongs to no iteration, so it cannot be the champion.")
        if _without_seed(found) != expected:
            raise NotComparable(
                f"'{summaries[0].policy}' and '{summary.policy}' were evaluated under different conditions: "
                f"{expected} and {_without_seed(found)}. Evaluate both under the same ones."
            )


def _without_seed(conditions: Conditions) -> Conditions:
    return replace(conditions, seed=0)
