"""Transcripts to a trained reader, measured and described."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.training import Train, Trained
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.pipelines.base_model.parameters import BaseModelParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.progress import progress_bar, training_bar
from leap_kedro.records.seeds import derive_seed

if TYPE_CHECKING:
    from leap_kedro.prompts.embedded import EmbeddedRenderer

HELD_OUT_LENGTHS = (4, 16, 30)
"""Longest walks of the transcripts on which answers are measured."""


def train_reader(
    parameters: BaseModelParameters,
    evaluation: EvaluationParameters,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Train:
    """Train the reader and measure it.

    Args:
        parameters: Numbers of transcripts and tasks.
        evaluation: How tasks are played, to show that the reader cannot act.
        compute: Where the reader is trained.
        environment: Name of the environment whose texts are read.
        environments: Options by environment.
        seed: Seed of everything random.

    Returns:
        Folder to train in -> the report: steps, tokens, losses, seconds, and ``measures``.
    """

    def train_in(workspace: Path) -> dict[str, Any]:
        spec = environment_spec(environment, environments)
        report = _train_reader(workspace, parameters, compute, spec, seed)
        return {**report, "measures": measure_reader(workspace, report, parameters, evaluation, spec)}

    return train_in


def release_reader(trained: Trained) -> SavedPolicy:
    """The base that `train_reader` trained."""
    return SavedPolicy(id="base", iteration=-1, folder=trained.workspace / "policy")


def _train_reader(
    workspace: Path, parameters: BaseModelParameters, compute: ComputeParameters, spec: EnvironmentSpec, seed: int
) -> dict[str, Any]:
    from leap_kedro.embedded.base import curriculum, lesson_counts, reading_rows
    from leap_kedro.embedded.shape import Shape, build_model
    from leap_kedro.embedded.tokenizer import build_tokenizer
    from leap_kedro.environments.registry import make_benchmark
    from leap_kedro.policies.folder import save_policy
    from leap_kedro.training.launch import train
    from leap_kedro.training.packing import pack
    from leap_kedro.training.store import write_packed

    benchmark = make_benchmark(spec)
    shape = Shape()
    tokenizer = build_tokenizer(benchmark.vocabulary(), shape.max_length)
    renderer = _renderer_of(tokenizer)
    start, data = workspace / "random_weights", workspace / "reading.npz"
    save_policy(build_model(tokenizer, shape, derive_seed(seed, "weights", 0)), tokenizer, start)
    if not data.exists():
        total = sum(count for _, count in lesson_counts(parameters.transcripts))
        walks = curriculum(benchmark, parameters.transcripts, derive_seed(seed, "transcripts", 0))
        shown = progress_bar("transcripts", "walk", total, walks)
        lessons = (reading_rows(walk, renderer, parameters.trunk_weight) for walk in shown)
        write_packed(data, (pack(rows) for rows in lessons if rows))
    with training_bar("training the reader") as report:
        what = start, data, parameters.training, workspace, workspace / "base"
        result = train(*what, on_progress=report, compute=compute)
    return {
        "environment": spec.name,
        "seed": seed,
        "transcripts": parameters.transcripts,
        "steps": result.steps,
        "tokens": result.tokens,
        "seconds": round(result.seconds),
        "world_size": result.world_size,
        "losses": result.losses,
    }


def _renderer_of(tokenizer: Any) -> "EmbeddedRenderer":
    from leap_kedro.prompts.embedded import EmbeddedRenderer
    from leap_kedro.prompts.select import renderer_for

    renderer = renderer_for(tokenizer)
    assert isinstance(renderer, EmbeddedRenderer)  # noqa: S101 - its tokenizer is made here
    return renderer


def measure_reader(
    workspace: Path,
    training: Mapping[str, Any],
    parameters: BaseModelParameters,
    evaluation: EvaluationParameters,
    spec: EnvironmentSpec,
) -> dict[str, Any]:
    """Accuracy of the reader's answers on unseen texts, and its success when it has to act.

    Args:
        workspace: Folder that the reader was trained in. The folder ``policy`` with a model card is added to it.
        training: The report of the training.
        parameters: How much is measured.
        evaluation: How tasks are played.
        spec: The environment.
    """
    from leap_kedro.embedded.base import answer_accuracy
    from leap_kedro.environments.registry import make_benchmark
    from leap_kedro.pipelines.playing import play
    from leap_kedro.policies.folder import load_policy

    benchmark = make_benchmark(spec)
    split, count, folder = parameters.unseen_split, parameters.held_out_transcripts, workspace / "base"
    model, tokenizer = load_policy(folder)
    renderer = _renderer_of(tokenizer)
    accuracy = {
        f"up to {longest} actions": answer_accuracy(
            model, renderer, list(benchmark.transcripts(split, count, longest, 2, longest))
        )
        for longest in HELD_OUT_LENGTHS
    }
    target = workspace / "policy"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    policy = SavedPolicy(id="base", iteration=-1, folder=target)
    tasks = benchmark.tasks(split, parameters.games, 0)
    played = list(play(policy, spec, tasks, evaluation, 0.0, 0, -1, "the reader plays"))
    measures = {
        "accuracy": accuracy,
        "split": split,
        "games": len(played),
        "games_won": sum(episode.success for episode in played),
        **{name: value for name, value in training.items() if name != "losses"},
    }
    (target / "README.md").write_text(model_card(measures), encoding="utf-8")
    (target / "measures.json").write_text(json.dumps(measures, indent=2) + "\n", encoding="utf-8")
    return measures


def model_card(measures: Mapping[str, Any]) -> str:
    """The model card: what the base is, how it was trained, and what it can and cannot do."""
    lengths = list(measures["accuracy"])
    kinds = list(measures["accuracy"][lengths[0]])
    rows = [
        f"| {kind} | " + " | ".join(f"{measures['accuracy'][length].get(kind, float('nan')):.3f}" for length in lengths)
        for kind in kinds
    ]
    header = "| question | " + " | ".join(lengths) + " |\n|---|" + "---|" * len(lengths)
    return f"""---
license: mit
pipeline_tag: text-generation
---
# The embedded student's base: a reader of {measures["environment"]} transcripts

A Llama of 0.9M parameters, trained from random weights to answer questions about transcripts of goal-blind random walks
through generated tasks: what is present, what was seen, and what the task needs. It has never seen an action that an
expert or a student chose. When it acts, it solves {measures["games_won"]} of {measures["games"]} tasks.

- Data: {measures["transcripts"]} transcripts, seed {measures["seed"]}; half carry a block of privileged facts to read.
- Training: {measures["steps"]} steps, {measures["tokens"]} tokens, {measures["seconds"]} s.
- Processes: {measures["world_size"]}.
- Made by `kedro run --pipelines=base_model --params=environment={measures["environment"]}`.

Share of completely correct answers, on the split `{measures["split"]}`, by longest walk:

{header}
{chr(10).join(row + " |" for row in rows)}
"""
