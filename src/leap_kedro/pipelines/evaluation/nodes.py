"""Policies on tasks that no training has seen. No privileged state is anywhere near."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Chunk, chunks
from leap_kedro.evaluation.champion import champion
from leap_kedro.evaluation.success import EvaluationSummary, Role, summarize
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import settled, still_owed
from leap_kedro.pipelines.evaluation.conditions import conditions
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Episode, Task
from leap_kedro.records.seeds import derive_seed

VALIDATION = "validation"
"""Name under which results on validation tasks are reported, whatever split they were held out of."""


def play_evaluation(
    policy: SavedPolicy,
    validation: Sequence[Task],
    test: Sequence[Task],
    so_far: Sequence[Episode],
    parameters: EvaluationParameters,
    serving: ServingParameters | None,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Iterator[Chunk]:
    """Play validation and test tasks; the episodes of an earlier, interrupted run are not played again.

    Args:
        policy: The policy.
        validation: Validation tasks.
        test: Test tasks.
        so_far: Episodes that are there already.
        parameters: How they are played.
        serving: The server that answers for policies of the loop; None: they are loaded.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of sampling, where the temperature is not 0; the same for all policies.

    Yields:
        Episodes as they end.
    """
    run_seed = derive_seed(seed, "evaluation")
    owed = still_owed([*validation, *test], so_far, run_seed)
    spec = environment_spec(environment, environments)
    title = f"evaluation of {policy.id}"
    played = play(
        policy, spec, owed, parameters, parameters.temperature, run_seed, policy.iteration, title, serving=serving
    )
    yield from chunks(played)


def play_base_evaluation(
    policy: SavedPolicy,
    validation: Sequence[Task],
    test: Sequence[Task],
    so_far: Sequence[Episode],
    parameters: EvaluationParameters,
    serving: ServingParameters | None,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Iterator[Chunk]:
    """`play_evaluation` on the first `base_tasks` of each split: the base model takes all its actions and wins none."""
    count = parameters.base_tasks
    few = first_of_each_split(test, count)
    yield from play_evaluation(
        policy, validation[:count], few, so_far, parameters, serving, environment, environments, seed
    )


def first_of_each_split(tasks: Sequence[Task], count: int | None) -> list[Task]:
    """The first `count` tasks of each split (all where None), in the order of the tasks."""
    return [task for _, of_split in groupby(tasks, key=lambda task: task.split) for task in list(of_split)[:count]]


def summarize_evaluation(
    policy: SavedPolicy,
    episodes: Sequence[Episode],
    validation: Sequence[Task],
    parameters: EvaluationParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> list[dict[str, Any]]:
    """What the episodes say, one summary a split, as plain values.

    Args:
        policy: The policy that played them.
        episodes: Episodes on validation and test tasks.
        validation: Validation tasks, to tell them from test tasks.
        parameters: How they were played.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of everything random.
    """
    iteration = policy.iteration if policy.iteration >= 0 else None
    found = summarize_splits(policy.id, iteration, settled(episodes), validation, parameters, seed)
    return [summary.to_json() for summary in found]


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


def recall_evaluations(
    pi_0: Sequence[Mapping[str, Any]],
    history: Mapping[int, Sequence[Mapping[str, Any]]],
    newest: Sequence[Mapping[str, Any]],
    iteration: int,
) -> list[Mapping[str, Any]]:
    """Evaluations of pi_0..pi_k of an experiment, from what its iterations left.

    Args:
        pi_0: Evaluation of pi_0.
        history: Evaluation of pi_i by i.
        newest: Evaluation of pi_k.
        iteration: k.
    """
    return gather_evaluations(pi_0, *(history[earlier] for earlier in range(1, iteration)), newest)


def gather_evaluations(*evaluations: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Evaluations of pi_0..pi_k, where each is a dataset of the same pipeline."""
    return [summary for evaluation in evaluations for summary in evaluation]


def choose_champion(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The best policy on validation tasks, as plain values: policy, iteration, success with its interval."""
    summaries = [EvaluationSummary.from_json(plain) for plain in evaluations]
    best = champion([summary for summary in summaries if summary.conditions.role is Role.VALIDATION])
    return {
        "policy": best.policy,
        "iteration": best.iteration,
        "success": best.success.rate,
        "low": best.success.low,
        "high": best.success.high,
        "episodes": best.success.total,
    }
