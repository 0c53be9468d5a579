"""How results are put into words, the same in every report."""

from leap_kedro.evaluation.intervals import Proportion
from leap_kedro.evaluation.success import Conditions, EvaluationSummary


def interval_in_words(proportion: Proportion) -> str:
    """A share with its interval, per cent."""
    return (
        f"{100 * proportion.rate:.1f} % ({100 * proportion.low:.1f} to {100 * proportion.high:.1f}) "
        f"of {proportion.total}"
    )


def conditions_in_words(conditions: Conditions) -> str:
    """What a result was measured under."""
    texts = f", texts {conditions.text_version}" if conditions.text_version else ""
    scoring = f", {conditions.scoring}" if conditions.scoring else ""
    held = "held to the admissible actions" if conditions.held_to_admissible else "free replies"
    choice = "greedy" if conditions.temperature == 0 else f"temperature {conditions.temperature:g}"
    return (
        f"{conditions.environment}, {conditions.data_source} tasks{texts}{scoring}, "
        f"at most {conditions.max_actions} actions, {held}, {choice}"
    )


def score_in_words(summary: EvaluationSummary) -> str:
    """Mean score and its parts, of 100."""
    parts = ", ".join(f"{name} {100 * mean:.1f}" for name, mean in summary.mean_parts.items())
    return f"score {100 * summary.mean_score:.1f}{f' ({parts})' if parts else ''}"


def kind_in_words(kind: str) -> str:
    """A task type without underscores."""
    return kind.replace("_", " ")
