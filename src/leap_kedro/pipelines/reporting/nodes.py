"""Plots and a page of episodes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.records import CorrectedEpisode, Episode

if TYPE_CHECKING:
    import plotly.graph_objects as go


def draw_plots(
    base: Sequence[Mapping[str, Any]], evaluations: Sequence[Mapping[str, Any]]
) -> tuple["go.Figure", "go.Figure"]:
    """Success by policy, and by task type.

    Args:
        base: Evaluation of the base model.
        evaluations: Evaluations of pi_0..pi_k.
    """
    from leap_kedro.reports.figures import learning_curve, task_types

    summaries = _summaries(base, evaluations)
    return learning_curve(summaries), task_types(summaries)


def write_page(
    policy: SavedPolicy,
    base: Sequence[Mapping[str, Any]],
    evaluations: Sequence[Mapping[str, Any]],
    rollouts: Sequence[Episode],
    corrections: Sequence[CorrectedEpisode],
    evaluation_episodes: Sequence[Episode],
    experiment: str,
) -> str:
    """One HTML page: results, episodes, and what the teacher made of them.

    Args:
        policy: pi_k.
        base: Evaluation of the base model.
        evaluations: Evaluations of pi_0..pi_k.
        rollouts: The student's episodes on training tasks.
        corrections: What the teacher said about them.
        evaluation_episodes: Episodes of pi_k on validation and test tasks.
        experiment: Name of the experiment.
    """
    from leap_kedro.reports.page import render_page

    by_episode = {corrected.episode: corrected.corrections for corrected in corrections}
    summaries = _summaries(base, evaluations)
    return render_page(experiment, policy.iteration, summaries, rollouts, by_episode, evaluation_episodes)


def _summaries(*evaluations: Sequence[Mapping[str, Any]]) -> list[EvaluationSummary]:
    return [EvaluationSummary.from_json(plain) for evaluation in evaluations for plain in evaluation]
