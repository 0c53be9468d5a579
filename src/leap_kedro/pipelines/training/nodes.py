"""Fine-tuning of pi_k."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.pipelines.seeds import derive_seed
from leap_kedro.pipelines.training.parameters import Start, TrainingParameters
from leap_kedro.records import Example
from leap_kedro.training.parameters import SFTParameters


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
        What the training did (steps, tokens, losses, seconds), and pi_k.

    Raises:
        NothingToLearn: If there are no examples.
    """
    iteration = parent.iteration + 1
    start = base if parameters.start is Start.BASE else parent
    return fine_tune(start, examples, workspace, parameters.sft(derive_seed(seed, "training", iteration)), iteration)


def fine_tune(
    start: SavedPolicy, examples: Sequence[Example], workspace: Path, parameters: SFTParameters, iteration: int
) -> tuple[dict[str, Any], SavedPolicy]:
    """pi_k, fine-tuned from `start`: report and policy. Raises `NothingToLearn` if there are no examples."""
    from tqdm import tqdm
    from transformers import AutoTokenizer

    from leap_kedro.prompts.select import renderer_for
    from leap_kedro.training.examples import packed_examples
    from leap_kedro.training.launch import train
    from leap_kedro.training.sft import Progress

    if not examples:
        raise NothingToLearn(
            f"There is nothing to train pi_{iteration} on: no correction was accepted and no demonstration given. "
            "Raise rollout.episodes or bootstrap.demonstrations (conf/<env>/parameters.yml)."
        )
    renderer = renderer_for(AutoTokenizer.from_pretrained(start.folder), examples[0].environment)
    target = workspace / "policy"
    with tqdm(total=0, desc=f"training pi_{iteration}", unit="step", disable=None) as bar:

        def report(progress: Progress) -> None:
            bar.total = progress.steps
            bar.update(progress.step - bar.n)
            bar.set_postfix(loss=f"{progress.loss:.3f}")

        result = train(
            start.folder,
            packed_examples(examples, renderer),
            parameters,
            workspace,
            target,
            on_progress=report,
        )
    report_values = {"start": start.id, "examples": len(examples), **asdict(result)}
    return report_values, SavedPolicy(id=f"pi_{iteration}", iteration=iteration, folder=target)
