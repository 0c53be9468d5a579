"""Decisions per second of a local policy, by way of inference: one command, same model, same games, one run.

    python benchmarks/decisions.py [--policy FOLDER] [--scale X]

Reference style is what the published code does: one episode, the whole history encoded again by `generate` at each
step. Then `generate` on a batch of episodes, then the slot engine with more and more slots, in one process and in two.
Each row plays the first so many of the same generated ALFWorld games to their end (at most 30 actions, actions held to
the admissible ones, greedy); the work of the environment is in the time, loading the model is not. Rows that are slow
play fewer games. The last two columns are per second of CPU time, for a machine that others use, too. Without
`--policy` the shipped base plays, or a random model of its shape where there is none.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leap_kedro.compute.processes import in_processes
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.policies.folder import load_policy
from leap_kedro.policies.local import LocalPolicy, LocalPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.playing_work import PlayingWork
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import Episode, Task

SHIPPED = Path(__file__).parents[1] / "src" / "leap_kedro/environments/alfworld/student/base"
SPEC = EnvironmentSpec("alfworld", {})
REPLY_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall and CPU seconds, those of ended child processes included."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Clock":
        """The present time."""
        used = os.times()
        return cls(time.time(), used.user + used.system + used.children_user + used.children_system)


@dataclass(frozen=True, slots=True)
class TimedSpec:
    """A policy spec that notes when it has been loaded and at what cost, so that this can be left out."""

    spec: LocalPolicySpec
    notes: Path
    id: str = "bench"

    def load(self) -> LocalPolicy:
        """The policy."""
        policy = self.spec.load()
        clock = Clock.now()
        (self.notes / f"{os.getpid()}").write_text(f"{clock.wall} {clock.cpu}")
        return policy


@dataclass(frozen=True, slots=True)
class Measured:
    """What a way of inference did in how many seconds."""

    decisions: int
    wall: float
    cpu: float


def engine(folder: Path, slots: int, processes: int, tasks: Sequence[Task]) -> Measured:
    """Play with the slot engine."""
    spec = LocalPolicySpec(folder, "bench", max_new_tokens=REPLY_TOKENS, hold_to_admissible=True, slots=slots)
    settings = PlaySettings(max_actions=30, refused_limit=None, slots=slots)
    with tempfile.TemporaryDirectory() as folder_of_notes:
        notes = Path(folder_of_notes)
        before = Clock.now()
        decisions = counted(in_processes(PlayingWork(SPEC, TimedSpec(spec, notes), settings), tasks, processes))
        after = Clock.now()
        loaded = [Clock(*map(float, note.read_text().split())) for note in notes.iterdir()]
    spent_before = sum(clock.cpu for clock in loaded) + (before.cpu if processes > 1 else 0.0)
    return Measured(decisions, after.wall - max(clock.wall for clock in loaded), after.cpu - spent_before)


def plain(folder: Path, batch: int, tasks: Sequence[Task]) -> Measured:
    """Play with `generate`, the whole history encoded at each step."""
    import torch

    from leap_kedro.policies.decoding import Decoding
    from leap_kedro.policies.generate import PlainGenerator
    from leap_kedro.prompts.select import renderer_for

    torch.set_num_threads(1)
    model, tokenizer = load_policy(folder, device="cpu")
    renderer = renderer_for(tokenizer, SPEC.name)
    generator = PlainGenerator(model, renderer, Decoding(REPLY_TOKENS, hold_to_admissible=True), batch)
    policy = LocalPolicy("bench", renderer, generator, REPLY_TOKENS)
    before = Clock.now()
    decisions = counted(play(tasks, SPEC, policy, PlaySettings(max_actions=30, refused_limit=None, slots=batch)))
    after = Clock.now()
    return Measured(decisions, after.wall - before.wall, after.cpu - before.cpu)


def counted(episodes: Iterable[Episode]) -> int:
    """Decisions in the episodes."""
    decisions = 0
    for episode in episodes:
        if episode.error:
            raise SystemExit(f"The episode of {episode.task.id} broke: {episode.error}")
        decisions += len(episode.steps)
    return decisions


def random_student(folder: Path) -> Path:
    """A random model of the shipped base's shape."""
    from leap_kedro.embedded.shape import Shape, build_model
    from leap_kedro.embedded.tokenizer import build_tokenizer
    from leap_kedro.environments.alfworld.student.vocabulary import vocabulary
    from leap_kedro.policies.folder import save_policy

    tokenizer = build_tokenizer(vocabulary(), Shape().max_length)
    save_policy(build_model(tokenizer, Shape(), seed=0), tokenizer, folder)
    return folder


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", type=Path, help="folder of a policy; by default the shipped base")
    parser.add_argument("--scale", type=float, default=1.0, help="games played, times the default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.policy or (SHIPPED if SHIPPED.is_dir() else random_student(Path(scratch)))
        rows: list[tuple[str, int, Callable[[Sequence[Task]], Measured]]] = [
            ("reference style: one episode, generate", 4, lambda tasks: plain(folder, 1, tasks)),
            ("generate, batch of 32", 64, lambda tasks: plain(folder, 32, tasks)),
            ("slot engine, 1 slot", 16, lambda tasks: engine(folder, 1, 1, tasks)),
            ("slot engine, 8 slots", 64, lambda tasks: engine(folder, 8, 1, tasks)),
            ("slot engine, 32 slots", 160, lambda tasks: engine(folder, 32, 1, tasks)),
            ("slot engine, 64 slots", 320, lambda tasks: engine(folder, 64, 1, tasks)),
            ("slot engine, 2 processes of 32 slots", 320, lambda tasks: engine(folder, 32, 2, tasks)),
        ]
        sizes = [max(1, round(count * arguments.scale)) for _, count, _ in rows]
        games = make_benchmark(SPEC).tasks("valid_unseen", max(sizes), seed=0)
        print(f"model: {folder if folder != Path(scratch) else 'random weights'}")
        heads = ("games", "decisions", "decisions/s", "times", "per CPU s", "times")
        print(f"{'way of inference':<40}" + "".join(f"{head:>13}" for head in heads))
        first: tuple[float, float] | None = None
        for (name, _, run), size in zip(rows, sizes, strict=True):
            measured = run(games[:size])
            rates = measured.decisions / measured.wall, measured.decisions / measured.cpu
            first = first or rates
            pairs = "".join(f"{rate:>13.1f}{rate / base:>13.1f}" for rate, base in zip(rates, first, strict=True))
            print(f"{name:<40}{size:>13}{measured.decisions:>13}{pairs}", flush=True)


if __name__ == "__main__":
    main()
