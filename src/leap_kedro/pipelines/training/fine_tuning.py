"""One fine-tuning, and the policies that it makes."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import CARD, SUCCESS, SavedPolicy
from leap_kedro.datasets.training import Trained
from leap_kedro.pipelines.progress import training_bar
from leap_kedro.records import Example, UserError
from leap_kedro.records.atomic import replaced_folder
from leap_kedro.training.parameters import FineTuning

if TYPE_CHECKING:
    from leap_kedro.prompts.renderer import Renderer
    from leap_kedro.training.packing import Packed
    from leap_kedro.training.progress import TrainingResult


log = logging.getLogger(__name__)


class NothingToLearn(UserError):
    """The training set is empty."""


def release_policy(trained: Trained, iteration: int) -> SavedPolicy:
    """pi_k, which `train_policy` or `train_first` trained; `iteration` is k."""
    folder = trained.workspace / trained.report["policy"]
    return SavedPolicy(id=f"pi_{iteration}", iteration=iteration, folder=folder)


def unchanged(start: SavedPolicy, workspace: Path, iteration: int) -> SavedPolicy:
    """pi_k as a copy of `start`, because the rollouts show nothing to learn."""
    log.warning(
        "pi_%d has the weights of %s, because the rollouts show nothing to learn. (With training.method=grpo: in each "
        "group, all episodes have the same score. A larger rollout.group_size or rollout.temperature may help.)",
        iteration,
        start.id,
    )
    target = workspace / "policy"
    with replaced_folder(target) as temporary:
        shutil.copytree(start.folder, temporary, ignore=shutil.ignore_patterns(CARD, SUCCESS), dirs_exist_ok=True)
    return SavedPolicy(id=f"pi_{iteration}", iteration=iteration, folder=target)


def fine_tune(
    start: SavedPolicy,
    examples: Sequence[Example],
    workspace: Path,
    parameters: FineTuning,
    iteration: int,
    held_out: Sequence[Example] = (),
    compute: ComputeParameters | None = None,
) -> tuple[dict[str, Any], list[SavedPolicy]]:
    """pi_k, fine-tuned from `start`: the report, and the last checkpoint with the best one, if it is another.

    Raises `NothingToLearn` if there are no examples.
    """
    if not examples:
        raise NothingToLearn(
            f"There is nothing to train pi_{iteration} on: the training set has no correction and no demonstration. "
            "Raise rollout.episodes or bootstrap.demonstrations (conf/<env>/parameters.yml)."
        )
    renderer = _renderer(start, examples)
    weight = 0.0 if parameters.grpo else renderer.trunk_weight
    packs, unseen = _packed(examples, renderer, parameters, weight), _packed(held_out, renderer, parameters, 0.0)
    how = parameters, f"training pi_{iteration}", iteration
    result, policies = _train(start, packs, workspace, *how, unseen, compute)
    return {"start": start.id, "examples": len(examples), **asdict(result)}, policies


def _packed(
    examples: Sequence[Example], renderer: "Renderer", parameters: FineTuning, trunk_weight: float
) -> "Sequence[Packed]":
    if parameters.distill:
        from leap_kedro.training.preferences import informed_pairs

        return informed_pairs(examples, renderer)
    from leap_kedro.training.examples import packed_examples

    return packed_examples(examples, renderer, trunk_weight)


def prefer(
    starts: list[SavedPolicy],
    examples: Sequence[Example],
    workspace: Path,
    parameters: FineTuning,
    iteration: int,
    held_out: Sequence[Example] = (),
    compute: ComputeParameters | None = None,
    *,
    must_have_pairs: bool,
) -> tuple[dict[str, Any], list[SavedPolicy]]:
    """pi_k, by preference optimization from the first of `starts` on the pairs of D_k; returns as `fine_tune`.

    Without pairs, after a supervised fine-tuning, the result is `starts`, and the report says so.

    Raises:
        NothingToLearn: If there are no pairs and `must_have_pairs`.
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
    how = parameters, f"preferences of pi_{iteration}", iteration
    result, policies = _train(start, found.packs, workspace, *how, unseen, compute)
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
    compute: ComputeParameters | None,
) -> "tuple[TrainingResult, list[SavedPolicy]]":
    from leap_kedro.training.launch import train
    from leap_kedro.training.models import best_folder

    target = workspace / "policy"
    with training_bar(description) as report:
        where: dict[str, Any] = {"on_progress": report, "compute": compute}
        result = train(start.folder, packs, parameters, workspace, target, validation=validation, **where)
    if result.why_not_packed:
        log.warning(
            "pi_%d: rows were trained one by one (packing: none), because of %s: %s",
            iteration,
            start.folder,
            result.why_not_packed,
        )
    folders = [target] if result.best_step in (None, result.steps) else [target, best_folder(target)]
    return result, [SavedPolicy(id=f"pi_{iteration}", iteration=iteration, folder=folder) for folder in folders]
