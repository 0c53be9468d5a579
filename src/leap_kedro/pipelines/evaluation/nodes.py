"""Policies on tasks that no training has seen. No privileged state is anywhere near."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Missing
from leap_kedro.evaluation.champion import champion
from leap_kedro.evaluation.success import EvaluationSummary, Role, summarize
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import settled, still_owed
from leap_kedro.pipelines.evaluation.conditions import conditions
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History, summaries_of
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Episode, Task
from leap_kedro.records.seeds import derive_seed

VALIDATION = "validation"
"""Name under which results on validation tasks are reported, whatever split they were held out of."""


def play_evaluation(
    policy: SavedPolicy,
    tasks: Mapping[str, Sequence[Task]],
    parameters: EvaluationParameters,
    serving: ServingParameters | None,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Missing[Episode]:
    """Play validation and test tasks; episodes that are stored already are not played again.

    Args:
        policy: The policy.
        tasks: Tasks by split.
        parameters: How they are played.
        serving: The server that answers for policies of the loop; None: they are loaded.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of sampling, where the temperature is not 0; the same for all policies.

    Returns:
        Stored episodes -> those that are missing, as they end.
    """
    run_seed = derive_seed(seed, "evaluation")
    spec = environment_spec(environment, environments)
    title = f"evaluation of {policy.id}"

    def missing(so_far: Sequence[Episode]) -> Iterator[Episode]:
        pending = still_owed([*tasks["validation"], *tasks["test"]], so_far, run_seed)
        how = parameters.temperature, run_seed, policy.iteration, title
        return play(policy, spec, pending, parameters, *how, serving=serving)

    return missing


def first_of_each_split(tasks: Sequence[Task], count: int | None) -> list[Task]:
    """The first `count` tasks of each split (all where None), in the order of the tasks."""
    return [task for _, of_split in groupby(tasks, key=lambda task: task.split) for task in list(of_split)[:count]]


def summarize_evaluation(
    episodes: Sequence[Episode],
    tasks: Mapping[str, Sequence[Task]],
    parameters: EvaluationParameters,
    seed: int,
) -> list[dict[str, Any]]:
    """What the episodes of one policy say, one summary per split, as plain values.

    Args:
        episodes: Episodes on validation and test tasks.
        tasks: Tasks by split.
        parameters: How they were played.
        seed: Seed of everything random.
    """
    found = settled(episodes)
    if not found:
        return []
    policy, iteration = found[0].policy, found[0].iteration
    known = iteration if iteration >= 0 else None
    summaries = summarize_splits(policy, known, found, tasks["validation"], parameters, seed)
    return [summary.to_json() for summary in summaries]


def summarize_splits(
    policy: str,
    iteration: int | None,
    episodes: Iterable[Episode],
    validation: Sequence[Task],
    parameters: EvaluationParameters,
    seed: int,
    held_to_admissible: bool | None = None,
) -> list[EvaluationSummary]:
    """One summary a split.

    Args:
        policy: Id of the policy.
        iteration: Its LEAP iteration; None outside the loop.
        episodes: Its episodes on validation and test tasks, each task once.
        validation: Validation tasks, to tell them from test tasks.
        parameters: How they were played.
        seed: Seed of everything random.
        held_to_admissible: Whether replies were held to the admissible actions; None: as `parameters` say.
    """
    held_out = {task.id for task in validation}
    by_split: dict[str, list[Episode]] = {}
    for episode in episodes:
        split = VALIDATION if episode.task.id in held_out else episode.task.split
        by_split.setdefault(split, []).append(episode)
    return [
        summarize(
            of_split,
            conditions(
                split,
                Role.VALIDATION if split == VALIDATION else Role.TEST,
                of_split,
                parameters,
                seed,
                held_to_admissible,
            ),
            policy,
            iteration,
        )
        for split, of_split in by_split.items()
    ]


def choose_champion(history: History, evaluation: Sequence[Mapping[str, Any]], iteration: int) -> dict[str, Any]:
    """The best of pi_0..pi_k on validation tasks, as plain values: policy, iteration, success with its interval.

    Args:
        history: The iterations before, with their evaluations.
        evaluation: Evaluation of pi_k.
        iteration: k.
    """
    summaries = [summary for summary in summaries_of(history, evaluation, iteration) if summary.iteration is not None]
    best = champion([summary for summary in summaries if summary.conditions.role is Role.VALIDATION])
    return {
        "policy": best.policy,
        "iteration": best.iteration,
        "success": best.success.rate,
        "low": best.success.low,
        "high": best.success.high,
        "episodes": best.success.total,
    }
