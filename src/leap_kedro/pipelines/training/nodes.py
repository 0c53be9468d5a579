"""Fine-tuning of pi_k."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.training import Train
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.bootstrap.base import find_base
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History, base_of, parent_of
from leap_kedro.pipelines.rollout.parameters import RolloutParameters
from leap_kedro.pipelines.training.checkpoint_choice import choose_checkpoint
from leap_kedro.pipelines.training.fine_tuning import fine_tune, prefer, unchanged
from leap_kedro.pipelines.training.parameters import Start, TrainingParameters
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Example, Task
from leap_kedro.records.episode import task_of
from leap_kedro.records.seeds import derive_seed
from leap_kedro.training.parameters import FineTuningParameters


def train_policy(
    history: History,
    examples: Sequence[Example],
    tasks: Mapping[str, Sequence[Task]],
    parameters: TrainingParameters,
    fine_tuning: FineTuningParameters,
    bootstrap: BootstrapParameters,
    rollout: RolloutParameters,
    evaluation: EvaluationParameters,
    serving: ServingParameters | None,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    iteration: int,
) -> Train:
    """pi_k, fine-tuned on the training set.

    Args:
        history: The earlier iterations; pi_{k-1} is the parent.
        examples: The training set.
        tasks: Tasks by split; checkpoints are compared on the validation tasks.
        parameters: The method, and the parameters that differ for pi_k.
        fine_tuning: The shared parameters of fine-tunings.
        bootstrap: The base model, if training starts from it.
        rollout: The temperature of sampling, for GRPO.
        evaluation: How validation tasks are played.
        serving: The server of the loop's policies; None: they are loaded.
        compute: Where pi_k is trained and they are played.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the order of the data.
        iteration: k.

    Returns:
        Folder to train in -> the report: steps, tokens, losses, seconds; under ``dpo`` those of the preference
        optimization; under ``policy`` the folder of pi_k, relative to the other one. Raises `NothingToLearn` if there
        are no examples, or no pairs for pure preference optimization.
    """

    def train(workspace: Path) -> dict[str, Any]:
        start = parent_of(history, iteration)
        if parameters.start is Start.BASE:
            start = find_base(bootstrap, fine_tuning, environment, base_of(history))
        what = start, examples, workspace, parameters, fine_tuning
        report, candidates = train_by_method(*what, seed, iteration, compute, rollout.temperature)
        how = evaluation, serving, compute, environment, environments, seed
        checkpoints, chosen = choose_checkpoint(candidates, tasks["validation"], *how)
        return {**report, **checkpoints, "policy": chosen.folder.relative_to(workspace).as_posix()}

    return train


def train_by_method(
    start: SavedPolicy,
    examples: Sequence[Example],
    workspace: Path,
    parameters: TrainingParameters,
    fine_tuning: FineTuningParameters,
    seed: int,
    iteration: int,
    compute: ComputeParameters | None = None,
    temperature: float = 1.0,
) -> tuple[dict[str, Any], list[SavedPolicy]]:
    """Fine-tune by the method of the parameters.

    Returns:
        The report, and the candidates for pi_k: the last checkpoint and, if it is another, the best on validation data.
    """
    seed = derive_seed(seed, "training", iteration)
    policies = [start]
    report: dict[str, Any] = {"method": parameters.method}
    learnt, held_out = split(examples, parameters.validation_share)
    if parameters.method.on_policy:
        if not learnt:
            return report | {"start": start.id, "examples": 0}, [unchanged(start, workspace, iteration)]
        how = parameters.own_replies(fine_tuning, seed, temperature)
        found, policies = fine_tune(start, learnt, workspace, how, iteration, held_out, compute)
        report |= found
    if parameters.method.supervised:
        how = parameters.sft(fine_tuning, seed)
        supervised, policies = fine_tune(start, learnt, workspace, how, iteration, held_out, compute)
        report |= supervised
    if parameters.method.preferring:
        newest, unseen = ([each for each in part if each.iteration == iteration] for part in (learnt, held_out))
        how = parameters.preferences(fine_tuning, seed)
        needed = not parameters.method.supervised
        report["dpo"], policies = prefer(
            policies, newest, workspace / "dpo", how, iteration, unseen, compute, must_have_pairs=needed
        )
    return report, policies


def split(examples: Sequence[Example], share: float) -> tuple[list[Example], list[Example]]:
    """Examples for training and for validation. A hash of its id assigns each task to one of them."""
    parts: tuple[list[Example], list[Example]] = ([], [])
    for example in examples:
        # Salted, because `aggregation.held_out_share` has already selected tasks by the same hash.
        parts[is_held_out(f"validation of {task_of(example.episode)}", share)].append(example)
    return parts
