"""Plots, a page of episodes, and measures of student and teacher, from stored results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from leap_kedro.pipelines.episodes import settled
from leap_kedro.pipelines.history import History, summaries_of
from leap_kedro.records import CorrectedEpisode, Episode, Rejection, Verdict
from leap_kedro.teachers.verdicts import FAULT, NOT_REJECTED, REJECTED, count_verdicts


def draw_plots(history: History, evaluation: Sequence[Mapping[str, Any]], iteration: int) -> tuple[Any, Any]:
    """Success by policy and by task type; `evaluation` is that of pi_k, `iteration` is k."""
    from leap_kedro.reports.figures import learning_curve, task_types

    summaries = summaries_of(history, evaluation, iteration)
    return learning_curve(summaries), task_types(summaries)


def write_page(
    history: History,
    evaluation: Sequence[Mapping[str, Any]],
    rollouts: Sequence[Episode],
    corrections: Sequence[CorrectedEpisode],
    evaluation_episodes: Sequence[Episode],
    experiment: str,
    iteration: int,
) -> str:
    """One HTML page: results, episodes, and the teacher's corrections.

    Args:
        history: The earlier iterations, with their evaluations.
        evaluation: Evaluation of pi_k.
        rollouts: The student's episodes on training tasks.
        corrections: The teacher's corrections of them.
        evaluation_episodes: Episodes of pi_k on validation and test tasks.
        experiment: Name of the experiment.
        iteration: k.
    """
    from leap_kedro.reports.page import render_page

    by_episode = {corrected.episode: corrected.corrections for corrected in corrections}
    summaries = summaries_of(history, evaluation, iteration)
    return render_page(experiment, iteration, summaries, settled(rollouts), by_episode, settled(evaluation_episodes))


def tabulate_verdicts(corrections: Sequence[CorrectedEpisode]) -> Any:
    """Numbers of accepted and rejected corrections, as a data frame with the columns of `VerdictCount`."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in count_verdicts(corrections)])


def measure_loop(rollouts: Sequence[Episode], corrections: Sequence[CorrectedEpisode]) -> dict[str, Any]:
    """Measures of the rollouts of pi_{k-1} and of their corrections.

    Returns:
        ``rollout`` (episodes, success, mean actions, infrastructure errors); ``correction`` (number of steps; shares
        that are corrected, rejected, that reveal unseen facts, and whose action nothing shows to be executable);
        ``verdicts`` (steps by verdict); ``teacher``, if it makes calls (their cost, and the faults of the replies).
    """
    episodes = settled(rollouts)
    played = [episode for episode in episodes if not episode.stop.is_infrastructure]
    judged = [correction for corrected in corrections for correction in corrected.corrections]
    return {
        "rollout": {
            "episodes": len(played),
            "success": _mean([episode.success for episode in played]),
            "mean_actions": _mean([len(episode.steps) for episode in played]),
            "infrastructure_errors": len(episodes) - len(played),
        },
        "correction": {
            "steps": len(judged),
            "corrected_share": _mean([correction.verdict is Verdict.CORRECT for correction in judged]),
            "rejected_share": _mean([not correction.accepted for correction in judged]),
            "leaked_share": _mean([bool(correction.leaked) for correction in judged]),
            "untried_share": _mean([correction.untried for correction in judged]),
        },
        "verdicts": {
            row.verdict if row.rejection == NOT_REJECTED else f"{REJECTED}_{row.rejection}": row.count
            for row in count_verdicts(corrections)
            if row.verdict != FAULT
        },
        **_calls(corrections),
    }


def _calls(corrections: Sequence[CorrectedEpisode]) -> dict[str, Any]:
    """Cost and faults of a teacher's calls; empty if it makes none. Unknown prices are left out."""
    usages = [corrected.usage for corrected in corrections if corrected.usage is not None]
    if not usages:
        return {}
    faults = Counter(fault.rejection.value for corrected in corrections for fault in corrected.faults)
    dollars = [usage.dollars for usage in usages if usage.dollars is not None]
    known = {"dollars": sum(dollars)} if len(dollars) == len(usages) else {}
    return {
        "teacher": {
            "calls": sum(usage.calls for usage in usages),
            "cached": sum(usage.cached for usage in usages),
            "prompt_tokens": sum(usage.prompt_tokens for usage in usages),
            "reply_tokens": sum(usage.reply_tokens for usage in usages),
            **known,
            "faults": {kind.value: faults[kind.value] for kind in Rejection},
        }
    }


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
