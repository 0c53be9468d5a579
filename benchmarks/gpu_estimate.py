"""Memory and time of the paper's scale on ALFWorld, reckoned: no GPU is used and none is needed.

Tokens are counted on real prompts by the real packer: demonstrations of D_0, and failed episodes of 20 actions by
random play, with the teacher's correction at every step, as a stand-in for a failing student's. The tokenizer is that
of `--tokenizer FOLDER` (SmolLM2's, made by `python -m leap_kedro.policies.smollm2`, where none is given); the games are
the official ones where ALFWORLD_DATA is set, else generated. Time is operations over an assumed share of a data sheet's
speed.

    python benchmarks/gpu_estimate.py
    python benchmarks/gpu_estimate.py --tokenizer data/models/llama-3-8b-instruct --episodes 200
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from rich.console import Console
from rich.table import Table

from leap_kedro.datasets.access import read_prices
from leap_kedro.datasets.prompts import read_prompts
from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.environments.registry import environment_instructions, make_benchmark
from leap_kedro.policies.play import play
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.policies.scripted import RandomPolicy
from leap_kedro.policies.smollm2 import FOLDER
from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.renderer import Renderer
from leap_kedro.records import Episode, Example, Target, Task
from leap_kedro.teachers.briefing import brief
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.teachers.llm.prompts import TeacherPrompts, View
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.training.estimate import (
    GIB,
    GPU,
    GPUS,
    LLAMA_3_8B,
    Load,
    ModelShape,
    training_memory,
    training_operations,
)
from leap_kedro.training.examples import packed_examples, rows_of
from leap_kedro.training.packing import Packed, unpacked
from leap_kedro.training.parameters import FineTuning, LoraParameters

TRAINING = 0.35
"""Share of the data sheet's operations that a training is taken to reach."""
SERVING = 0.5
"""Share of the data sheet's bandwidth and operations that vLLM is taken to reach."""
AT_ONCE = 128
TASKS = 3553
ROLLOUT_ACTIONS = 20
EVALUATION = 274
"""Episodes on valid_seen and valid_unseen."""
FAILED = 0.5
"""Share of the rollouts that fail within 20 actions and are corrected; the paper's pi_0 solves two thirds within 30."""
REPLY_TOKENS = 40
"""Tokens of a reply: the experts' have about 25; a base model says more."""
TEACHER = "gpt-4o"
CONF = Path(__file__).resolve().parents[1] / "conf" / "base"
PRICES = CONF / "prices.yml"

PAPER = FineTuning(
    epochs=1,
    dtype="bfloat16",
    gradient_checkpointing=True,
    lora=LoraParameters(rank=128, alpha=64, dropout=0.05, targets=("q_proj", "v_proj")),
)


def decoding_seconds(shape: ModelShape, gpu: GPU, replies: int, tokens: int, context: int, at_once: int) -> float:
    """Least seconds that a server needs to write replies, where reading weights and caches sets the pace.

    Each token of a batch reads all weights once and each sequence's keys and values, all in bfloat16.

    Args:
        shape: The model.
        gpu: What it runs on.
        replies: Replies in all.
        tokens: Tokens of a reply.
        context: Tokens in a sequence's cache, in the mean.
        at_once: Sequences in a batch.
    """
    cache = 2 * 2 * shape.layers * shape.key_value_heads * shape.head_size * context
    steps = replies / at_once * tokens
    return steps * (2 * shape.weights + at_once * cache) / gpu.bandwidth


def reading_seconds(shape: ModelShape, gpu: GPU, tokens: int) -> float:
    """Least seconds that a server needs to read prompts, of which `tokens` are not in its cache of prefixes."""
    return 2.0 * shape.layers * shape.layer_weights * tokens / gpu.operations


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, default=FOLDER)
    parser.add_argument("--episodes", type=int, default=100)
    given = parser.parse_args()
    renderer = _renderer(given.tokenizer)
    benchmark = make_benchmark(EnvironmentSpec("alfworld", {"source": "auto"}))
    tasks = benchmark.tasks("train", given.episodes, 0)
    console = Console(width=120)
    shown = demonstrated(benchmark, tasks)
    failed = corrected(benchmark, tasks)
    d_0, d_k = packed_examples(shown, renderer), packed_examples(failed, renderer)
    source = tasks[0].payload.get("source", "")
    console.print(f"{len(tasks)} {source} games; tokenizer {given.tokenizer}", soft_wrap=True)
    console.print(tokens_table({"D_0": d_0, "D_k (20 actions)": d_k}))
    console.print(memory_table(d_0, d_k))
    console.print(time_table(d_0, d_k, failed, renderer))
    console.print(teacher_line(benchmark, tasks[:20], renderer.tokenizer), soft_wrap=True)


def demonstrated(benchmark: Benchmark, tasks: Sequence[Task]) -> list[Example]:
    """D_0 of conf/gpu: no noise, 30 actions at most."""
    return [each.example() for each in demonstrations(benchmark, tasks, "surfaces", max_actions=30, noise=0.0, seed=0)]


def corrected(benchmark: Benchmark, tasks: Sequence[Task]) -> list[Example]:
    """Failed episodes of 20 actions with a correction at each step."""
    episodes = failed_episodes(tasks)
    said = OracleTeacher(benchmark, "surfaces", 50).correct_all(episodes)
    return [
        Example.of(episode, [Target(each.step, each.reason, each.action) for each in corrected.corrections])
        for episode, corrected in zip(episodes, said, strict=True)
    ]


def failed_episodes(tasks: Sequence[Task]) -> list[Episode]:
    """Random play, where it fails."""
    settings = PlaySettings(max_actions=ROLLOUT_ACTIONS, refused_limit=None)
    played = play(tasks, EnvironmentSpec("alfworld", {"source": "auto"}), RandomPolicy(), settings)
    return [episode for episode in played if not episode.success]


def tokens_table(data: dict[str, list[Packed]]) -> Table:
    """Tokens an episode, as rows and packed."""
    table = Table("", "replies", "tokens as rows", "packed", "ratio", "longest packed", title="Tokens an episode, mean")
    for name, packs in data.items():
        rows = [len(row) for packed in packs for row in unpacked(packed)]
        together = sum(map(len, packs))
        table.add_row(
            name,
            f"{len(rows) / len(packs):.1f}",
            f"{sum(rows) / len(packs):,.0f}",
            f"{together / len(packs):,.0f}",
            f"{sum(rows) / together:.1f}",
            f"{max(map(len, packs)):,}",
        )
    return table


def memory_table(d_0: Sequence[Packed], d_k: Sequence[Packed]) -> Table:
    """GiB of a training step of Llama-3-8B, one episode at a time."""
    longest = max((*d_0, *d_k), key=len)
    full = PAPER.model_copy(update={"lora": None})
    ways = {
        "LoRA, checkpointed": PAPER,
        "QLoRA, checkpointed": PAPER.model_copy(update={"dtype": "nf4"}),
        "LoRA": PAPER.model_copy(update={"gradient_checkpointing": False}),
        "all weights, checkpointed": full,
    }
    memories = [training_memory(LLAMA_3_8B, Load.of([longest]), how) for how in ways.values()]
    table = Table(
        "GiB", *ways, title=f"Memory of a step of Llama-3-8B, one episode of {len(longest):,} tokens at a time"
    )
    for part in memories[0]:
        table.add_row(part, *(f"{memory[part] / GIB:.2f}" for memory in memories))
    table.add_section()
    table.add_row("sum", *(f"{sum(memory.values()) / GIB:.1f}" for memory in memories))
    return table


def time_table(d_0: Sequence[Packed], d_k: Sequence[Packed], failed: Sequence[Example], renderer: Renderer) -> Table:
    """Hours of each stage of one iteration at the paper's scale, on one GPU."""
    first = Load.of(d_0).scaled(TASKS / len(d_0))
    taught = TASKS * FAILED
    # Equal shares: of D_0 and D_k as many episodes as the smaller has.
    mixed = [Load.of(part).scaled(taught / len(part)) for part in (d_0, d_k)]
    as_rows = [[row for packed in part for row in unpacked(packed)] for part in (d_0, d_k)]
    unpacked_mix = [Load.of(rows).scaled(taught / len(part)) for rows, part in zip(as_rows, (d_0, d_k), strict=True)]
    trained = {
        "pi_0: D_0 of 3,553 demonstrations": [first],
        "pi_0, a row a reply": [Load.of(as_rows[0]).scaled(TASKS / len(d_0))],
        "pi_1: D_0 and D_1, equal shares of half the tasks": mixed,
        "pi_1, a row a reply": unpacked_mix,
    }
    table = Table("hours", *(gpu.name for gpu in GPUS), title="Time on one GPU")
    for name, loads in trained.items():
        operations = sum(training_operations(LLAMA_3_8B, load, PAPER) for load in loads)
        table.add_row(name, *(f"{operations / (TRAINING * gpu.operations) / 3600:.2f}" for gpu in GPUS))
    prompts = [len(row.ids) - REPLY_TOKENS for example in failed for row in rows_of(example, renderer)]
    trunk = mean(len(packed) for packed in d_k)
    for name, episodes, actions in (
        ("rollouts: 3,553 episodes of 20 actions", TASKS, ROLLOUT_ACTIONS),
        ("evaluation: 274 episodes of 30 actions at most", EVALUATION, 30),
    ):
        hours = []
        for gpu in GPUS:
            written = decoding_seconds(LLAMA_3_8B, gpu, episodes * actions, REPLY_TOKENS, round(mean(prompts)), AT_ONCE)
            read = reading_seconds(LLAMA_3_8B, gpu, round(episodes * trunk))
            hours.append(f"{(written + read) / SERVING / 3600:.2f}")
        table.add_row(name, *hours)
    return table


def teacher_line(benchmark: Benchmark, tasks: Sequence[Task], tokenizer: Any) -> str:
    """Tokens and dollars of a teacher that is asked once about each failed episode, and changes every step."""
    library = read_prompts([])
    prompts = TeacherPrompts(library, "alfworld", View.EPISODE, 50, environment_instructions("alfworld"))
    episodes = failed_episodes(tasks)
    read = written = 0
    for said, episode in zip(OracleTeacher(benchmark, "surfaces", 50).correct_all(episodes), episodes, strict=True):
        messages = prompts.episode(brief(benchmark, benchmark.oracle(), episode))
        read += sum(len(tokenizer(message.content)["input_ids"]) for message in messages)
        advice = [{"step": each.step, "reason": each.reason, "action": each.action} for each in said.corrections]
        written += len(tokenizer(json.dumps(advice))["input_ids"])
    read, written = read // len(episodes), written // len(episodes)
    price = read_prices(PRICES)[TEACHER]
    dollars = TASKS * FAILED * price.of(read, written)
    return (
        f"Teacher: {read:,} tokens read and {written:,} written an episode; {TASKS * FAILED:,.0f} episodes with "
        f"{TEACHER} are {dollars:,.0f} dollars an iteration (prices of {PRICES.name})."
    )


def _renderer(folder: Path) -> ChatRenderer:
    from transformers import AutoTokenizer

    from leap_kedro.prompts.select import renderer_for

    if not (folder / "tokenizer_config.json").is_file():
        raise SystemExit(f"No tokenizer in {folder}: give --tokenizer, or run python -m leap_kedro.policies.smollm2")
    renderer = renderer_for(AutoTokenizer.from_pretrained(folder), "alfworld")
    if not isinstance(renderer, ChatRenderer):
        raise SystemExit(f"{folder} is the embedded student's: give a chat model's")
    return renderer


if __name__ == "__main__":
    main()
