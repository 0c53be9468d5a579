"""One table and one chart of all baselines, on exactly the same tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.language_models import Access
from leap_kedro.language_models.access import price_of
from leap_kedro.pipelines.baselines.nodes import PRIVILEGED, RANDOM, UNPRIVILEGED, compared_tasks, served_model
from leap_kedro.pipelines.baselines.parameters import BaselineOptions
from leap_kedro.pipelines.episodes import settled
from leap_kedro.pipelines.evaluation.nodes import summarize_splits
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.options import read_options
from leap_kedro.records import Episode, Task

BASE = "base"
CLONED = "behaviour_cloning"


def summarize_baselines(
    tasks: Mapping[str, Sequence[Task]],
    random: Sequence[Episode],
    base: Sequence[Episode],
    prompted: Sequence[Episode],
    cloned: Sequence[Episode],
    unprivileged: Sequence[Episode],
    privileged: Sequence[Episode],
    options: Mapping[str, Any],
    evaluation: EvaluationParameters,
    seed: int,
) -> list[dict[str, Any]]:
    """One summary per player and split, as plain values.

    Args:
        tasks: Tasks by split.
        random: Episodes of random admissible actions.
        base: Evaluation of the untrained base model in the loop.
        prompted: Episodes of all prompted policies of this experiment.
        cloned: Behaviour cloning: evaluation of pi_0 in the loop.
        unprivileged: Episodes of the unprivileged expert.
        privileged: Episodes of the privileged expert.
        options: `BaselineOptions`, with the number of tasks of each split.
        evaluation: How policies were evaluated.
        seed: Seed of everything random.
    """
    by_prompt: dict[str, list[Episode]] = {}
    for episode in prompted:
        by_prompt.setdefault(episode.policy, []).append(episode)
    players: dict[str, Sequence[Episode]] = {RANDOM: random, BASE: base, **by_prompt, CLONED: cloned}
    players |= {UNPRIVILEGED: unprivileged, PRIVILEGED: privileged}
    names = {task.id for task in compared_tasks(tasks, read_options(BaselineOptions, options).tasks)}
    summaries = []
    for player, episodes in players.items():
        found = settled(episode for episode in episodes if episode.task.id in names)
        held = True if player in (RANDOM, UNPRIVILEGED, PRIVILEGED) else None
        how = tasks["validation"], evaluation, seed, held
        of_player = summarize_splits(player, None, found, *how, prompted=bool(served_model(player)))
        summaries += [summary.to_json() for summary in of_player]
    return summaries


def tabulate_baselines(summaries: Sequence[Mapping[str, Any]], access: Access) -> tuple[Any, Any]:
    """Table and chart of the output of `summarize_baselines`; `access` has the prices of language models."""
    from leap_kedro.evaluation.tables import comparison
    from leap_kedro.reports.comparison import comparison_chart

    found = EvaluationSummary.all_from_json(summaries)
    models = {summary.policy: model for summary in found if (model := served_model(summary.policy))}
    prices = {policy: price for policy, model in models.items() if (price := price_of(model, access.prices))}
    return comparison(found, prices), comparison_chart(found)
