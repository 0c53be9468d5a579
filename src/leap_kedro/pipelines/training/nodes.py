"""Fine-tuning of pi_k."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.training import Train, Trained
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.bootstrap.base import find_base
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History, parent_of
from leap_kedro.pipelines.progress import training_bar
from leap_kedro.pipelines.training.checkpoint_choice import choose_checkpoint
from leap_kedro.pipelines.training.parameters import Start, TrainingParameters
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Example, Task, UserError
from leap_kedro.records.episode import task_of
from leap_kedro.records.seeds import derive_seed
from leap_kedro.training.parameters import FineTuning, FineTuningParameters

if TYPE_CHECKING:
    from leap_kedro.prompts.renderer import Renderer
    from leap_kedro.training.packing import Packed
    from leap_kedro.training.progress import TrainingResult


log = logging.getLogger(__name__)


class NothingToLearn(UserError):
    """The training set is empty."""


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


def release_policy(trained: Trained, iteration: int) -> SavedPolicy:
    """pi_k, as `train_policy` or `train_first` left it.

    Args:
        trained: The training.
        iteration: k.
    """
    folder = trained.workspace / trained.report["policy"]
    return SavedPolicy(id=f"pi_{iteration}", iteration=iteration, folder=folder)


def split(examples: Sequence[Example], share: float) -> tuple[list[Example], list[Example]]:
    """Examples to train on, and those to validate on: all of a task go together, a hash of its id decides."""
    parts: tuple[list[Example], list[Example]] = ([], [])
    for example in examples:
        # Salted: the same hash without it decides what `aggregation.held_out_share` has taken out before.
        parts[is_held_out(f"validation of {task_of(example.episode)}", share)].append(example)
    return parts


def fine_tune(
    start: SavedPolicy,
    examples: Sequence[Example],
    workspace: Path,
    parameters: FineTuning,
    iteration: int,
    held_out: Sequence[Example] = (),
) -> tuple[dict[str, Any], list[SavedPolicy]]:
    """pi_k, fine-tuned from `start`: report, and the last checkpoint with, if there is another, the best.

    Raises `NothingToLearn` if there are no examples.
    """
    from leap_kedro.training.examples import packed_examples

    if not examples:
        raise NothingToLearn(
            f"There is nothing to train pi_{iteration} on: no correction was accepted and no demonstration given. "
            "Raise rollout.episodes or bootstrap.demonstrations (conf/<env>/parameters.yml)."
        )
    renderer = _renderer(start, examples)
    packs, unseen = packed_examples(examples, renderer), packed_examples(held_out, renderer)
    result, policies = _train(start, packs, workspace, parameters, f"training pi_{iteration}", iteration, unseen)
    return {"start": start.id, "examples": len(examples), **asdict(result)}, policies


def prefer(
    starts: list[SavedPolicy],
    examples: Sequence[Example],
    workspace: Path,
    parameters: FineTuning,
    iteration: int,
    held_out: Sequence[Example] = (),
    *,
    must_have_pairs: bool,
) -> tuple[dict[str, Any], list[SavedPolicy]]:
    """pi_k, by preference optimization from the first of `starts` on the pairs of D_k: as `fine_tune`.

    Raises:
        NothingToLearn: If there are no pairs and pi_k has learnt nothing else; after a supervised fine-tuning the
            report says that there were none, and `starts` is what there is of pi_k.
    """
    from leap_kedro.training.preferences import preferences_of

    start = starts[0]
    found = preferences_of(examples, _renderer(start, examples)) if examples else None
    if found is None or not found.pairs:
        if must_have_pairs:
            equal, alone = (found.equal, found.alone) if found else (0, 0)
            raise NothingToLearn(
                f"There is no pair to train pi_{iteration} on: of the replies of D_{iteration} in the training set, "
                f"{equal} are what the student said itself, and {alone} answer a reply of the student's in which no "
                "action could be read. Raise rollout.episodes (or, against the latter, rollout.max_reply_tokens), "
                "lower aggregation.held_out_share, or take training.method=sft (conf/<env>/parameters.yml)."
            )
        return {"start": start.id, "pairs": 0}, starts
    counts = {"pairs": found.pairs, "equal_replies": found.equal, "replies_alone": found.alone}
    unseen = preferences_of(held_out, _renderer(start, examples)).packs
    title = f"preferences of pi_{iteration}"
    result, policies = _train(start, found.packs, workspace, parameters, title, iteration, unseen)
    return {"start": start.id, **counts, **asdict(result)}, policies


def _renderer(start: SavedPolicy, examples: Sequence[Example]) -> "Renderer":
    from transformers import AutoTokenizer

    from leap_kedro.prompts.select import renderer_for

    return renderer_for(AutoTokenizer.from_pretrained(start.folder), examples[0].environment)


def _train(
    start: SavedPolicy,
    packs: "Sequence[Packed]",
    workspace: Path,
    parameters: FineTuning,
    description: str,
    iteration: int,
    validation: "Sequence[Packed]",
) -> "tuple[TrainingResult, list[SavedPolicy]]":
    from leap_kedro.training.launch import train
    from leap_kedro.training.models import best_folder

    target = workspace / "policy"
    with training_bar(description) as report:
        result = train(start.folder, packs, parameters, workspace, target, validation=validation, on_progress=report)
    if result.why_not_packed:
        log.warning(
            "pi_%d: rows were trained one by one (packing: none), because of %s: %s",
            iteration,
            start.folder,
            result.why_not_packed,
        )
    folders = [target] if result.best_step in (None, result.steps) else [target, best_folder(target)]
    return result, [SavedPolicy(id=f"pi_{iteration}", iteration=iteration, folder=folder) for folder in folders]
