"""Policies play held-out tasks, without privileged state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Missing
from leap_kedro.evaluation.champion import champion
from leap_kedro.evaluation.success import EvaluationSummary, Role, summarize
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import pending_tasks, settled
from leap_kedro.pipelines.evaluation.conditions import conditions
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History, summaries_of
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Episode, Task
from leap_kedro.records.seeds import derive_seed

VALIDATION = "validation"
"""Name under which results on validation tasks are reported, whatever their split."""


def play_evaluation(
    policy: SavedPolicy,
    tasks: Mapping[str, Sequence[Task]],
    parameters: EvaluationParameters,
    serving: ServingParameters | None,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Missing[Episode]:
    """Play the missing episodes of validation and test tasks.

    Args:
        policy: The policy.
        tasks: Tasks by split.
        parameters: How they are played.
        serving: The server of the loop's policies; None: they are loaded.
        compute: Where they are played.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of sampling, the same for all policies.

    Returns:
        Stored episodes -> the missing ones, in the order in which they end.
    """
    run_seed = derive_seed(seed, "evaluation")
    spec = environment_spec(environment, environments)

    def missing(so_far: Sequence[Episode]) -> Iterator[Episode]:
        pending = pending_tasks([*tasks["validation"], *tasks["test"]], so_far, run_seed)
        how = parameters, parameters.temperature, run_seed, policy.iteration, f"evaluation of {policy.id}"
        return play(policy, spec, pending, *how, serving=serving, compute=compute)

    return missing


def first_of_each_split(tasks: Sequence[Task], count: int | None) -> list[Task]:
    """The first `count` tasks of each split, in the order of `tasks`; None: all."""
    return [task for _, of_split in groupby(tasks, key=lambda task: task.split) for task in list(of_split)[:count]]


def summarize_evaluation(
    episodes: Sequence[Episode],
    tasks: Mapping[str, Sequence[Task]],
    parameters: EvaluationParameters,
    seed: int,
) -> list[dict[str, Any]]:
    """One summary per split of one policy's episodes on validation and test tasks, as plain values."""
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
    *,
    prompted: bool = False,
) -> list[EvaluationSummary]:
    """One summary per split.

    Args:
        policy: Id of the policy.
        iteration: Its LEAP iteration; None outside the loop.
        episodes: Its episodes on validation and test tasks, one per task.
        validation: The validation tasks.
        parameters: How the episodes were played.
        seed: Seed of everything random.
        held_to_admissible: See `conditions`.
        prompted: See `conditions`.
    """
    held_out = {task.id for task in validation}
    by_split: dict[str, list[Episode]] = {}
    for episode in episodes:
        split = VALIDATION if episode.task.id in held_out else episode.task.split
        by_split.setdefault(split, []).append(episode)
    summaries = []
    for split, of_split in by_split.items():
        role = Role.VALIDATION if split == VALIDATION else Role.TEST
        how = conditions(split, role, of_split, parameters, seed, held_to_admissible, prompted=prompted)
        summaries.append(summarize(of_split, how, policy, iteration))
    return summaries


def choose_champion(history: History, evaluation: Sequence[Mapping[str, Any]], iteration: int) -> dict[str, Any]:
    """The best of pi_0..pi_k on validation tasks, as plain values; `evaluation` is that of pi_k, `iteration` is k."""
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
