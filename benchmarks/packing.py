"""Tokens and seconds of one epoch: single rows, TRL's packing, and the prefix tree, on the same replies in one run.

    python benchmarks/packing.py [--student tiny|smollm2] [--episodes N] [--repeat N]

The data are demonstrations on generated ALFWorld games, a row a reply, in the student's own prompts: the embedded
student's, or SmolLM2-135M-Instruct's in chat messages (folder: python -m leap_kedro.policies.smollm2). All three train
all weights with AdamW, in float32. Single rows are padded batches of the rows of an episode; TRL's packing (best fit,
without padding) puts whole rows one after another, and each reads its own prompt anew; the tree is this project's.
Seconds are of the training loop alone, the least of the repeats.
"""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leap_kedro.environments.alfworld import build_benchmark
from leap_kedro.policies.smollm2 import FOLDER
from leap_kedro.prompts.select import renderer_for
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training.examples import rows_of
from leap_kedro.training.packing import Row, pack
from leap_kedro.training.parameters import SFTParameters
from leap_kedro.training.sft import fine_tune

SHIPPED = Path(__file__).parents[1] / "src" / "leap_kedro" / "assets" / "base"
THREADS = 2


@dataclass(frozen=True, slots=True)
class Student:
    """A model, and how much it is given.

    Attributes:
        folder: Its folder.
        episodes: Demonstrations.
        max_actions: Most actions of a demonstration.
        tokens_per_step: Tokens of an optimizer step.
    """

    folder: Path
    episodes: int
    max_actions: int
    tokens_per_step: int


STUDENTS = {"tiny": Student(SHIPPED, 200, 30, 1200), "smollm2": Student(FOLDER, 3, 8, 1200)}


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass took."""

    tokens: int
    seconds: float
    steps: int


def rows_of_demonstrations(student: Student) -> list[list[Row]]:
    """The rows of each demonstration."""
    from transformers import AutoTokenizer

    benchmark = build_benchmark({"source": "generated"})
    renderer = renderer_for(AutoTokenizer.from_pretrained(student.folder), "alfworld")
    jobs = [(task, 0) for task in benchmark.tasks("train", student.episodes, 0)]
    played = demonstrations(benchmark, jobs, "surfaces", max_actions=student.max_actions, noise=0.1)
    return [rows_of(each.example(), renderer) for each in played]


def ours(student: Student, groups: Sequence[Sequence[Row]], packing: str) -> Epoch:
    """One epoch by this project's trainer."""
    parameters = SFTParameters(
        epochs=1,
        tokens_per_step=student.tokens_per_step,
        optimizer="adamw",
        learning_rate=1e-5,
        threads=THREADS,
        packing=packing,
        checkpoint_every=10**6,
    )
    with tempfile.TemporaryDirectory() as folder:
        packs = [pack(group) for group in groups]
        result = fine_tune(student.folder, packs, parameters, Path(folder) / "work", Path(folder) / "policy")
    tokens = result.tokens if packing == "tree" else sum(len(row.ids) - 1 for group in groups for row in group)
    return Epoch(tokens, result.seconds, result.steps)


def trl_packing(student: Student, groups: Sequence[Sequence[Row]]) -> Epoch:
    """One epoch by TRL's trainer with its own packing."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    rows = [row for group in groups for row in group]
    longest = max(len(row.ids) for row in rows)
    labels = [[i if weight else -100 for i, weight in zip(row.ids, row.weights, strict=True)] for row in rows]
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(student.folder, dtype=torch.float32),
            args=SFTConfig(
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=1,
                packing=True,
                max_length=max(longest, student.tokens_per_step),
                learning_rate=1e-5,
                use_cpu=True,
                bf16=False,
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
    return Epoch(sum(len(row.ids) for row in rows), metrics["train_runtime"], trainer.state.global_step)


def main() -> None:
    """Runs the three in turn and prints them."""
    parser = argparse.ArgumentParser(description="Single rows, TRL's packing and the prefix tree: one epoch each.")
    parser.add_argument("--student", choices=STUDENTS, default="tiny")
    parser.add_argument("--episodes", type=int, help="demonstrations (default: 200, of smollm2 3)")
    parser.add_argument("--repeat", type=int, default=1, help="how often, in turn (default: 1)")
    given = parser.parse_args()
    student = STUDENTS[given.student]
    if not (student.folder / "config.json").exists():
        parser.error(f"{student.folder} is not there; make it: python -m leap_kedro.policies.smollm2")
    if given.episodes:
        student = Student(student.folder, given.episodes, student.max_actions, student.tokens_per_step)
    groups = rows_of_demonstrations(student)
    ways: dict[str, Callable[[], Epoch]] = {
        "single rows": lambda: ours(student, groups, "none"),
        "TRL packing": lambda: trl_packing(student, groups),
        "prefix tree": lambda: ours(student, groups, "tree"),
    }
    epochs: dict[str, list[Epoch]] = {name: [] for name in ways}
    for _ in range(given.repeat):
        for name, run in ways.items():
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
                epochs[name].append(run())
    report(given.student, groups, {name: min(found, key=lambda each: each.seconds) for name, found in epochs.items()})


def report(student: str, groups: Sequence[Sequence[Row]], epochs: dict[str, Epoch]) -> None:
    """Prints the table."""
    replies = sum(map(len, groups))
    print(f"\n{student}: {len(groups)} episodes, {replies} replies, {THREADS} threads")
    print(f"{'':12} {'steps':>6} {'tokens':>9} {'seconds':>8} {'tokens':>8} {'seconds':>8}  times those of the tree")
    tree: Any = epochs["prefix tree"]
    for name, epoch in epochs.items():
        ratios = f"{epoch.tokens / tree.tokens:8.2f} {epoch.seconds / tree.seconds:8.2f}"
        print(f"{name:12} {epoch.steps:6d} {epoch.tokens:9,d} {epoch.seconds:8.1f} {ratios}")


if __name__ == "__main__":
    main()
