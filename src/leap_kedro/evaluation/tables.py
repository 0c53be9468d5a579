"""Results as data frames: one row a policy and split, one row a task type of it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from leap_kedro.evaluation.intervals import Proportion
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.language_models import Price

if TYPE_CHECKING:
    import pandas as pd

ITERATION_COLUMNS = (
    "policy",
    "iteration",
    "split",
    "role",
    "success",
    "low",
    "high",
    "episodes",
    "mean_actions",
    "mean_score",
    "invalid_action_share",
    "unparseable_share",
    "unanswered_share",
    "infrastructure_errors",
    "held_to_admissible",
    "max_actions",
    "data_source",
    "text_version",
    "scoring",
)
KIND_COLUMNS = ("policy", "iteration", "split", "role", "kind", "success", "low", "high", "episodes", "mean_actions")

COMPARISON_COLUMNS = (
    "policy",
    "split",
    "kind",
    "success",
    "low",
    "high",
    "episodes",
    "mean_actions",
    "mean_score",
    "invalid_action_share",
    "unparseable_share",
    "unanswered_share",
    "infrastructure_errors",
    "prompt_tokens",
    "reply_tokens",
    "dollars",
    "held_to_admissible",
    "max_actions",
    "data_source",
    "text_version",
    "scoring",
)
ALL_KINDS = "all"


def in_order(summaries: Iterable[EvaluationSummary]) -> list[EvaluationSummary]:
    """By split, and in it policies outside the loop (the base) first, then by iteration."""
    return sorted(
        summaries,
        key=lambda summary: (
            summary.conditions.role.value != "validation",
            summary.conditions.split,
            -1 if summary.iteration is None else summary.iteration,
        ),
    )


def by_iteration(summaries: Iterable[EvaluationSummary]) -> "pd.DataFrame":
    """One row a policy and split; columns `ITERATION_COLUMNS`, `iteration` missing outside the loop."""
    import pandas as pd

    rows = [
        {
            **_identity(summary),
            "success": summary.success.rate,
            "low": summary.success.low,
            "high": summary.success.high,
            "episodes": summary.success.total,
            "mean_actions": summary.mean_actions,
            "mean_score": summary.mean_score,
            "invalid_action_share": summary.invalid_action_share,
            "unparseable_share": summary.unparseable_share,
            "unanswered_share": summary.unanswered_share,
            "infrastructure_errors": summary.infrastructure_errors,
            "held_to_admissible": summary.conditions.held_to_admissible,
            "max_actions": summary.conditions.max_actions,
            "data_source": summary.conditions.data_source,
            "text_version": summary.conditions.text_version,
            "scoring": summary.conditions.scoring,
        }
        for summary in in_order(summaries)
    ]
    return pd.DataFrame(rows, columns=list(ITERATION_COLUMNS)).astype({"iteration": "Int64"})


def by_kind(summaries: Iterable[EvaluationSummary]) -> "pd.DataFrame":
    """One row a task type of a policy and split; columns `KIND_COLUMNS`."""
    import pandas as pd

    rows = [
        {
            **_identity(summary),
            "kind": kind.kind,
            "success": kind.success.rate,
            "low": kind.success.low,
            "high": kind.success.high,
            "episodes": kind.success.total,
            "mean_actions": kind.mean_actions,
        }
        for summary in in_order(summaries)
        for kind in summary.by_kind
    ]
    return pd.DataFrame(rows, columns=list(KIND_COLUMNS)).astype({"iteration": "Int64"})


def comparison(summaries: Iterable[EvaluationSummary], prices: Mapping[str, Price] | None = None) -> "pd.DataFrame":
    """One row a split, policy and task type, `ALL_KINDS` first; columns `COMPARISON_COLUMNS`.

    Policies stay in the order given. What is not told apart by task type is missing in the rows of single types.

    Args:
        summaries: One a policy and split.
        prices: Price by policy. `dollars` are those of all its tokens, as if none had come from a cache; missing for
            policies without one.
    """
    import pandas as pd

    rows = []
    for summary in in_order(summaries):
        who = {"policy": summary.policy, "split": summary.conditions.split}
        how = {
            "held_to_admissible": summary.conditions.held_to_admissible,
            "max_actions": summary.conditions.max_actions,
            "data_source": summary.conditions.data_source,
            "text_version": summary.conditions.text_version,
            "scoring": summary.conditions.scoring,
        }
        price = (prices or {}).get(summary.policy)
        shares = {
            "mean_score": summary.mean_score,
            "invalid_action_share": summary.invalid_action_share,
            "unparseable_share": summary.unparseable_share,
            "unanswered_share": summary.unanswered_share,
            "infrastructure_errors": summary.infrastructure_errors,
            "prompt_tokens": summary.prompt_tokens,
            "reply_tokens": summary.reply_tokens,
            "dollars": price.of(summary.prompt_tokens, summary.reply_tokens) if price else None,
        }
        rows.append({**who, **_found(ALL_KINDS, summary.success, summary.mean_actions), **shares, **how})
        rows += [{**who, **_found(kind.kind, kind.success, kind.mean_actions), **how} for kind in summary.by_kind]
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS)).astype(
        {"infrastructure_errors": "Int64", "prompt_tokens": "Int64", "reply_tokens": "Int64", "dollars": "Float64"}
    )


def _found(kind: str, success: Proportion, mean_actions: float) -> dict[str, object]:
    return {
        "kind": kind,
        "success": success.rate,
        "low": success.low,
        "high": success.high,
        "episodes": success.total,
        "mean_actions": mean_actions,
    }


def _identity(summary: EvaluationSummary) -> dict[str, object]:
    return {
        "policy": summary.policy,
        "iteration": summary.iteration,
        "split": summary.conditions.split,
        "role": summary.conditions.role.value,
    }
