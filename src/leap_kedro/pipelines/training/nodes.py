"""Fine-tuning of pi_k."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.pipelines.seeds import derive_seed
from leap_kedro.pipelines.training.parameters import Start, TrainingParameters
from leap_kedro.records import Example
from leap_kedro.training.parameters import SFTParameters

if TYPE_CHECKING:
    from leap_kedro.prompts.renderer import Renderer
    from leap_kedro.training.packing import Packed
    from leap_kedro.training.sft import TrainingResult


log = logging.getLogger(__name__)


class NothingToLearn(ValueError):
    """The training set is empty."""


def train_policy(
    parent: SavedPolicy,
    base: SavedPolicy,
    examples: Sequence[Example],
    workspace: Path,
    parameters: TrainingParameters,
    seed: int,
) -> tuple[dict[str, Any], SavedPolicy]:
    """pi_k, fine-tuned on the training set.

    Args:
        parent: pi_{k-1}.
        base: The base model.
        examples: The training set.
        workspace: Folder for checkpoints; a training that was killed goes on from the last one there.
        parameters: How to train.
        seed: Seed of the order of the data.

    Returns:
        What the training did (steps, tokens, losses, seconds; under ``dpo`` what the preference optimization did), and
        pi_k.

    Raises:
        NothingToLearn: If there are no examples, or no pairs where only pairs are trained on.
    """
    iteration = parent.iteration + 1
    seed = derive_seed(seed, "training", iteration)
    policy = base if parameters.start is Start.BASE else parent
    report: dict[str, Any] = {"method": parameters.method}
    if parameters.method.supervised:
        supervised, policy = fine_tune(policy, examples, workspace, parameters.sft(seed), iteration)
        report |= supervised
    if parameters.method.preferring:
        newest = [example for example in examples if example.iteration == iteration]
        report["dpo"], policy = prefer(policy, newest, workspace / "dpo", parameters, seed, iteration)
    return report, policy


def fine_tune(
    start: SavedPolicy, examples: Sequence[Example], workspace: Path, parameters: SFTParameters, iteration: int
) -> tuple[dict[str, Any], SavedPolicy]:
    """pi_k, fine-tuned from `start`: report and policy. Raises `NothingToLearn` if there are no examples."""
    from leap_kedro.training.examples import packed_examples

    if not examples:
        raise NothingToLearn(
            f"There is nothing to train pi_{iteration} on: no correction was accepted and no demonstration given. "
            "Raise rollout.episodes or bootstrap.demonstrations (conf/<env>/parameters.yml)."
        )
    packs = packed_examples(examples, _renderer(start, examples))
    result, policy = _train(start, packs, workspace, parameters, f"training pi_{iteration}", iteration)
    return {"start": start.id, "examples": len(examples), **asdict(result)}, policy


def prefer(
    start: SavedPolicy,
    examples: Sequence[Example],
    workspace: Path,
    parameters: TrainingParameters,
    seed: int,
    iteration: int,
) -> tuple[dict[str, Any], SavedPolicy]:
    """pi_k, by preference optimization from `start` on the pairs of D_k: report and policy.

    Raises:
        NothingToLearn: If there are no pairs and pi_k has learnt nothing else; after a supervised fine-tuning the
            report says that there were none, and `start` is pi_k.
    """
    from leap_kedro.training.preferences import preferences_of

    found = preferences_of(examples, _renderer(start, examples)) if examples else None
    if found is None or not found.pairs:
        if not parameters.method.supervised:
            equal, alone = (found.equal, found.alone) if found else (0, 0)
            raise NothingToLearn(
                f"There is no pair to train pi_{iteration} on: of the replies of D_{iteration} in the training set, "
                f"{equal} are what the student said itself, and {alone} answer a reply of the student's in which no "
                "action could be read. Raise rollout.episodes (or, against the latter, rollout.max_reply_tokens), "
                "lower aggregation.held_out, or take training.method=sft (conf/<env>/parameters.yml)."
            )
        return {"start": start.id, "pairs": 0}, start
    counts = {"pairs": found.pairs, "equal_replies": found.equal, "replies_alone": found.alone}
    result, policy = _train(
        start, found.packs, workspace, parameters.preferences(seed), f"preferences of pi_{iteration}", iteration
    )
    return {"start": start.id, **counts, **asdict(result)}, policy


def _renderer(start: SavedPolicy, examples: Sequence[Example]) -> "Renderer":
    from transformers import AutoTokenizer

    from leap_kedro.prompts.select import renderer_for

    return renderer_for(AutoTokenizer.from_pretrained(start.folder), examples[0].environment)


def _train(
    start: SavedPolicy,
    packs: "Sequence[Packed]",
    workspace: Path,
    parameters: SFTParameters,
    description: str,
    iteration: int,
) -> "tuple[TrainingResult, SavedPolicy]":
    from tqdm import tqdm

    from leap_kedro.training.launch import train
    from leap_kedro.training.sft import Progress

    target = workspace / "policy"
    with tqdm(total=0, desc=description, unit="step", disable=None) as bar:

        def report(progress: Progress) -> None:
            bar.total = progress.steps
            bar.update(progress.step - bar.n)
            bar.set_postfix(loss=f"{progress.loss:.3f}")

        result = train(start.folder, packs, parameters, workspace, target, on_progress=report)
    if result.why_not_packed:
        log.warning(
            "pi_%d: rows were trained one by one (packing: none), because of %s: %s",
            iteration,
            start.folder,
            result.why_not_packed,
        )
    return result, SavedPolicy(id=f"pi_{iteration}", iteration=iteration, folder=target)
