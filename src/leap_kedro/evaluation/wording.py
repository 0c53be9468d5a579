"""Results as text, the same in every report."""

from leap_kedro.evaluation.intervals import Proportion
from leap_kedro.evaluation.success import SCORE, Conditions, EvaluationSummary


def interval_in_words(proportion: Proportion) -> str:
    """A share with its interval, per cent."""
    return (
        f"{100 * proportion.rate:.1f} % ({100 * proportion.low:.1f} to {100 * proportion.high:.1f}) "
        f"of {proportion.total}"
    )


def conditions_in_words(conditions: Conditions) -> str:
    """The conditions of a result."""
    texts = f", texts {conditions.text_version}" if conditions.text_version else ""
    scoring = f", {conditions.scoring}" if conditions.scoring else ""
    choice = temperature_in_words(conditions.temperature)
    return (
        f"{conditions.environment}, {conditions.data_source} tasks{texts}{scoring}, "
        f"at most {conditions.max_actions} actions, {restriction_in_words(conditions)}, {choice}"
    )


def restriction_in_words(conditions: Conditions) -> str:
    """Whether replies were restricted to the admissible actions."""
    if conditions.held_to_admissible:
        return "held to the admissible actions"
    return "shown the admissible actions" if conditions.shown_admissible else "free replies"


def temperature_in_words(temperature: float | None) -> str:
    """The choice of replies."""
    if temperature is None:
        return "the server's own temperature"
    return "greedy" if temperature == 0 else f"temperature {temperature:g}"


def scores_in_words(summary: EvaluationSummary) -> dict[str, str]:
    """Mean score and the mean of each of its parts by name, of 100, with intervals where there are any."""
    found = {}
    for name, mean in {SCORE: summary.mean_score, **summary.mean_parts}.items():
        interval = summary.score_intervals.get(name)
        ends = f" ({100 * interval[0]:.1f}-{100 * interval[1]:.1f})" if interval else ""
        found[name] = f"{100 * mean:.1f}{ends}"
    return found


def kind_in_words(kind: str) -> str:
    """A task type without underscores."""
    return kind.replace("_", " ")
