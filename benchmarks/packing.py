"""Tokens and seconds of one epoch: single rows, TRL's packing, and the prefix tree, on the same replies in one run.

    python benchmarks/packing.py [--student tiny|smollm2] [--folder FOLDER] [--episodes N] [--rounds N]

The data are demonstrations on generated ALFWorld games, one row per reply, in the student's own prompts. The student is
the embedded one, with all weights trained, or SmolLM2-135M-Instruct, trained by LoRA as in its profile. All three use
AdamW, one thread, and the same number format (bfloat16 for SmolLM2 if the processor computes in it). Single rows are
this project's `packing: none`, in parts of a batch as large as the tree's batch. TRL's packing (best fit decreasing)
puts whole rows one after another without padding, told apart by their positions, so each still reads its own prompt;
gradients are accumulated until a step has seen as many rows as a step of the tree. The learning rate is so small that
the mean losses of the three have to agree.

The three take turns, and a ratio is of two epochs of the same round. Seconds are of the training loop.
"""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.policies.smollm2 import FOLDER
from leap_kedro.prompts.select import renderer_for
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training.examples import rows_of
from leap_kedro.training.fine_tuning import computes_in_bfloat16, fine_tune
from leap_kedro.training.models import load_trainable
from leap_kedro.training.packing import Row, pack
from leap_kedro.training.parameters import FineTuning, LoraParameters

SHIPPED = Path(__file__).parents[1] / "src" / "leap_kedro/environments/alfworld/student/base"
TREE = "prefix tree"
PARAMETERS = FineTuning(epochs=1, optimizer="adamw", learning_rate=1e-5, threads=1, checkpoint_every=10**6, log_every=1)


@dataclass(frozen=True, slots=True)
class Student:
    """A model, and how much it is given.

    Attributes:
        folder: Its folder.
        episodes: Demonstrations.
        max_actions: Most actions of a demonstration.
        parameters: How it is trained.
    """

    folder: Path
    episodes: int
    max_actions: int
    parameters: FineTuning


STUDENTS = {
    "tiny": Student(SHIPPED, 100, 30, PARAMETERS),
    "smollm2": Student(FOLDER, 2, 20, PARAMETERS.model_copy(update={"lora": LoraParameters()})),
}


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass took, and the mean loss of its steps."""

    tokens: int
    seconds: float
    steps: int
    loss: float


def rows_of_demonstrations(student: Student) -> list[list[Row]]:
    """The rows of each demonstration."""
    from transformers import AutoTokenizer

    benchmark = ALFWorld(**{"source": "generated"})
    renderer = renderer_for(AutoTokenizer.from_pretrained(student.folder), "alfworld")
    tasks = benchmark.tasks("train", student.episodes, 0)
    played = demonstrations(benchmark, tasks, "surfaces", max_actions=student.max_actions, noise=0.1, seed=0)
    return [rows_of(each.example(), renderer) for each in played]


def tree(student: Student, groups: Sequence[Sequence[Row]]) -> Epoch:
    """One epoch of episodes packed along their prefix tree."""
    return _ours(student, groups, student.parameters.model_copy(update={"packing": "tree"}))


def single_rows(student: Student, groups: Sequence[Sequence[Row]]) -> Epoch:
    """One epoch of single rows, in the steps of the tree."""
    parts = round(sum(len(row.ids) for group in groups for row in group) / sum(len(pack(group)) for group in groups))
    return _ours(
        student, groups, student.parameters.model_copy(update={"packing": "none", "accumulation_steps": parts})
    )


def _ours(student: Student, groups: Sequence[Sequence[Row]], parameters: FineTuning) -> Epoch:
    with tempfile.TemporaryDirectory() as folder:
        packs = [pack(group) for group in groups]
        result = fine_tune(student.folder, packs, parameters, Path(folder) / "work", Path(folder) / "policy")
    return Epoch(result.tokens, result.seconds, result.steps, fmean(loss for _, loss in result.losses))


def trl_packing(student: Student, groups: Sequence[Sequence[Row]], steps: int) -> Epoch:
    """One epoch by TRL's trainer with its own packing, in about as many steps as told."""
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer, PrinterCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    rows = [row for group in groups for row in group]
    tokens = sum(len(row.ids) for row in rows)
    longest = max(student.parameters.tokens_per_step, *(len(row.ids) for row in rows))
    labels = [[i if weight else -100 for i, weight in zip(row.ids, row.weights, strict=True)] for row in rows]
    torch.set_num_threads(student.parameters.threads)
    bf16 = computes_in_bfloat16(student.folder, student.parameters, cuda=False)
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=load_trainable(student.folder, student.parameters, bf16, cuda=False)[0],
            args=SFTConfig(
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=1,
                gradient_accumulation_steps=max(1, round(tokens / longest / steps)),
                packing=True,
                max_length=longest,
                learning_rate=student.parameters.learning_rate,
                use_cpu=True,
                bf16=bf16,
                activation_checkpointing=False,
                save_strategy="no",
                disable_tqdm=True,
                report_to="none",
            ),
            train_dataset=Dataset.from_dict({"input_ids": [row.ids for row in rows], "labels": labels}),
            processing_class=AutoTokenizer.from_pretrained(student.folder),
        )
        trainer.remove_callback(PrinterCallback)
        metrics = trainer.train().metrics
    return Epoch(tokens, metrics["train_runtime"], trainer.state.global_step, metrics["train_loss"])


def main() -> None:
    """Runs the three in turn and prints them."""
    parser = argparse.ArgumentParser(description="Single rows, TRL's packing and the prefix tree: one epoch each.")
    parser.add_argument("--student", choices=STUDENTS, default="tiny")
    parser.add_argument("--folder", type=Path, help="the student's model folder, if it is elsewhere")
    parser.add_argument("--episodes", type=int, help="demonstrations (default: 100, of smollm2 2)")
    parser.add_argument("--rounds", type=int, default=3, help="how often, in turn (default: 3)")
    given = parser.parse_args()
    student = STUDENTS[given.student]
    student = replace(student, folder=given.folder or student.folder, episodes=given.episodes or student.episodes)
    if not (student.folder / "config.json").exists():
        parser.error(f"{student.folder} is not there; make it: python -m leap_kedro.policies.smollm2")
    groups = rows_of_demonstrations(student)
    epochs: dict[str, list[Epoch]] = {TREE: [], "TRL packing": [], "single rows": []}
    ways: dict[str, Callable[[], Epoch]] = {
        TREE: lambda: tree(student, groups),
        "TRL packing": lambda: trl_packing(student, groups, epochs[TREE][0].steps),
        "single rows": lambda: single_rows(student, groups),
    }
    for number in range(given.rounds):
        for name, run in ways.items():
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
                epochs[name].append(run())
            print(f"round {number + 1}, {name}: {epochs[name][-1].seconds:.1f} s", flush=True)
    report(given.student, groups, epochs)


def report(student: str, groups: Sequence[Sequence[Row]], epochs: dict[str, list[Epoch]]) -> None:
    """Prints the table: medians over the rounds, of ratios also the least and the largest."""
    print(
        f"\n{student}: {len(groups)} episodes, {sum(map(len, groups))} replies, medians of {len(epochs[TREE])} rounds"
    )
    print(f"{'':12} {'steps':>6} {'loss':>6} {'tokens':>9} {'seconds':>8}   times the tree's: tokens, seconds (range)")
    for name, found in epochs.items():
        ratios = [one.seconds / of_tree.seconds for one, of_tree in zip(found, epochs[TREE], strict=True)]
        print(
            f"{name:12} {found[0].steps:6d} {found[0].loss:6.3f} {found[0].tokens:9,d}"
            f" {median(one.seconds for one in found):8.1f}"
            f"   {found[0].tokens / epochs[TREE][0].tokens:6.2f} {median(ratios):7.2f}"
            f" ({min(ratios):.2f} - {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
