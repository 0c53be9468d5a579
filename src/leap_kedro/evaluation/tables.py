"""Results as data frames: one row per policy and split, or one per task type of these."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from leap_kedro.evaluation.intervals import Proportion
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.language_models import Price

if TYPE_CHECKING:
    import pandas as pd

ALL_KINDS = "all"


def in_order(summaries: Iterable[EvaluationSummary]) -> list[EvaluationSummary]:
    """Sorted by split, validation first, then by iteration, policies outside the loop (the base) first."""
    return sorted(
        summaries,
        key=lambda summary: (
            summary.conditions.role.value != "validation",
            summary.conditions.split,
            -1 if summary.iteration is None else summary.iteration,
        ),
    )


def by_iteration(summaries: Iterable[EvaluationSummary]) -> "pd.DataFrame":
    """One row per policy and split; `iteration` is missing for policies outside the loop."""
    rows = (
        {**_identity(each), **_success(each.success, each.mean_actions), **_shares(each), **_conditions(each)}
        for each in in_order(summaries)
    )
    return _frame(rows, {"iteration": "Int64"})


def by_kind(summaries: Iterable[EvaluationSummary]) -> "pd.DataFrame":
    """One row per task type of a policy and split."""
    rows = (
        {**_identity(each), "kind": kind.kind, **_success(kind.success, kind.mean_actions)}
        for each in in_order(summaries)
        for kind in each.by_kind
    )
    return _frame(rows, {"iteration": "Int64"})


def comparison(summaries: Iterable[EvaluationSummary], prices: Mapping[str, Price] | None = None) -> "pd.DataFrame":
    """One row per split, policy and task type, `ALL_KINDS` first.

    Policies keep the given order. Figures that do not exist by task type are missing in the rows of single types.

    Args:
        summaries: One per policy and split.
        prices: Price by policy. `dollars` is the price of all tokens, including cached ones; it is missing for policies
            without a price.
    """
    rows: list[dict[str, Any]] = []
    for each in in_order(summaries):
        name = {"policy": each.policy, "split": each.conditions.split}
        price = (prices or {}).get(each.policy)
        cost = {
            "prompt_tokens": each.prompt_tokens,
            "reply_tokens": each.reply_tokens,
            "dollars": price.of(each.prompt_tokens, each.reply_tokens) if price else None,
        }
        success = _success(each.success, each.mean_actions)
        rows.append({**name, "kind": ALL_KINDS, **success, **_shares(each), **cost, **_conditions(each)})
        rows += (
            {**name, "kind": kind.kind, **_success(kind.success, kind.mean_actions), **_conditions(each)}
            for kind in each.by_kind
        )
    counts = dict.fromkeys(("infrastructure_errors", "prompt_tokens", "reply_tokens"), "Int64")
    return _frame(rows, {**counts, "dollars": "Float64"})


def _frame(rows: Iterable[Mapping[str, Any]], types: Mapping[str, str]) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    return frame if frame.empty else frame.astype(dict(types))


def _identity(summary: EvaluationSummary) -> dict[str, Any]:
    return {
        "policy": summary.policy,
        "iteration": summary.iteration,
        "split": summary.conditions.split,
        "role": summary.conditions.role.value,
    }


def _success(success: Proportion, mean_actions: float) -> dict[str, Any]:
    return {
        "success": success.rate,
        "low": success.low,
        "high": success.high,
        "episodes": success.total,
        "mean_actions": mean_actions,
    }


def _shares(summary: EvaluationSummary) -> dict[str, Any]:
    return {
        "mean_score": summary.mean_score,
        "invalid_action_share": summary.invalid_action_share,
        "unparseable_share": summary.unparseable_share,
        "unanswered_share": summary.unanswered_share,
        "infrastructure_errors": summary.infrastructure_errors,
    }


def _conditions(summary: EvaluationSummary) -> dict[str, Any]:
    conditions = summary.conditions
    return {
        "held_to_admissible": conditions.held_to_admissible,
        "max_actions": conditions.max_actions,
        "data_source": conditions.data_source,
        "text_version": conditions.text_version,
        "scoring": conditions.scoring,
    }
