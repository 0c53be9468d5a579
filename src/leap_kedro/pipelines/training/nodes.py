"""Fine-tuning of pi_k."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.training import Train
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.bootstrap.base import find_base
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History, parent_of
from leap_kedro.pipelines.training.checkpoint_choice import choose_checkpoint
from leap_kedro.pipelines.training.fine_tuning import fine_tune, prefer
from leap_kedro.pipelines.training.parameters import Start, TrainingParameters
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Example, Task
from leap_kedro.records.episode import task_of
from leap_kedro.records.seeds import derive_seed
from leap_kedro.training.parameters import FineTuningParameters

if TYPE_CHECKING:
    pass


log = logging.getLogger(__name__)


def train_policy(
    history: History,
    examples: Sequence[Example],
    tasks: Mapping[str, Sequence[Task]],
    parameters: TrainingParameters,
    fine_tuning: FineTuningParameters,
    bootstrap: BootstrapParameters,
    evaluation: EvaluationParameters,
    serving: ServingParameters | None,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    iteration: int,
) -> Train:
    """pi_k, fine-tuned on the training set.

    Args:
        history: The iterations before: pi_{k-1} is the parent.
        examples: The training set.
        tasks: Tasks by split; checkpoints are compared on the validation tasks.
        parameters: By what method, and what differs for pi_k.
        fine_tuning: How to train: the shared parameters.
        bootstrap: The base model, where training starts from it.
        evaluation: How validation tasks are played.
        serving: The server that answers for policies of the loop; None: they are loaded.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the order of the data.
        iteration: k.

    Returns:
        Folder to train in -> the report (steps, tokens, losses, seconds; under ``dpo`` what the preference optimization
        did; under ``policy`` the folder of pi_k, below the other one). Raises `NothingToLearn` if there are no
        examples, or no pairs where only pairs are trained on.
    """

    def train(workspace: Path) -> dict[str, Any]:
        start_from_base = parameters.start is Start.BASE
        start = find_base(bootstrap, fine_tuning, environment) if start_from_base else parent_of(history, iteration)
        report, candidates = train_by_method(start, examples, workspace, parameters, fine_tuning, seed, iteration)
        how = evaluation, serving, environment, environments, seed
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
) -> tuple[dict[str, Any], list[SavedPolicy]]:
    """Fine-tune by the method of the parameters.

    Returns:
        The report, and who may be pi_k: the last checkpoint and, with validation data, the best one if it is another.
    """
    seed = derive_seed(seed, "training", iteration)
    policies = [start]
    report: dict[str, Any] = {"method": parameters.method}
    learnt, held_out = split(examples, parameters.validation_share)
    if parameters.method.supervised:
        how = parameters.sft(fine_tuning, seed)
        supervised, policies = fine_tune(policies[0], learnt, workspace, how, iteration, held_out)
        report |= supervised
    if parameters.method.preferring:
        newest, unseen = (
            [example for example in part if example.iteration == iteration] for part in (learnt, held_out)
        )
        how = parameters.preferences(fine_tuning, seed)
        report["dpo"], policies = prefer(
            policies,
            newest,
            workspace / "dpo",
            how,
            iteration,
            unseen,
            must_have_pairs=not parameters.method.supervised,
        )
    return report, policies


def split(examples: Sequence[Example], share: float) -> tuple[list[Example], list[Example]]:
    """Examples to train on, and those to validate on: all of a task go together, a hash of its id decides."""
    parts: tuple[list[Example], list[Example]] = ([], [])
    for example in examples:
        # Salted: the same hash without it decides what `aggregation.held_out_share` has taken out before.
        parts[is_held_out(f"validation of {task_of(example.episode)}", share)].append(example)
    return parts
