"""Episodes per hour behind a server with latency: in lockstep, and each at its own pace as the project plays.

    python benchmarks/latency.py [--episodes N] [--slots N] [--actions N] [--mean SECONDS]

A fake server in a process of its own answers with one of the listed actions of generated ALFWorld games. Its latency is
constant (200 ms), or lognormal with the same mean (median 121 ms, 99th percentile 1.24 s). Latency and action follow
from the request alone, so both loops see the same ones and play the same episodes. A slot is used while the server
works on its call. The client's CPU time is that of its event loop; the caller's is that of environments and driver. On
a busy machine, a larger mean keeps the CPU time out of the ratio.
"""

import argparse
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, BudgetParameters, ModelParameters, Price, in_order
from leap_kedro.policies.openai_policy import OpenAIPolicy, OpenAIPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.running_episode import PlaySettings, RunningEpisode
from leap_kedro.policies.slot_loop import in_slots
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, Task

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from language_models.fake_server import Call, FakeServer, Reply, says

SPEC = EnvironmentSpec("alfworld", {"source": "generated"})
SIGMA = 1.0
LATENCIES: dict[str, Callable[[random.Random], float]] = {
    "constant": lambda _: 1.0,
    "lognormal": lambda draw: draw.lognormvariate(-(SIGMA**2) / 2, SIGMA),
}
"""Latency over its mean, by the name of the model that is asked for."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What playing all tasks took, and the episodes."""

    seconds: float
    client_cpu: float
    caller_cpu: float
    episodes: Sequence[Episode]

    @property
    def per_hour(self) -> float:
        """Episodes."""
        return len(self.episodes) / self.seconds * 3600

    @property
    def calls(self) -> int:
        """Number of calls: one per step."""
        return sum(len(episode.steps) for episode in self.episodes)


def _answer(mean: float, call: Call) -> Reply:
    draw = random.Random(str(call.body["messages"]))
    action = draw.choice(call.prompt.rpartition("can be carried out now:\n")[2].splitlines())
    return says(f"REASON: I try this.\nACTION: {action}", delay=mean * LATENCIES[call.body["model"]](draw))


def _serve(send: Callable[[str], None], stopped: Callable[[], object], mean: float) -> None:
    with FakeServer(partial(_answer, mean)) as server:
        send(server.base_url)
        stopped()


def in_lockstep(tasks: Sequence[Task], policy: OpenAIPolicy, settings: PlaySettings) -> Iterator[Episode]:
    """The loop before: the next step of all episodes begins when the slowest reply is there."""
    benchmark = make_benchmark(SPEC)

    def advance(episodes: list[RunningEpisode]) -> None:
        replies = in_order(policy.answer, [episode.conversation() for episode in episodes], settings.slots)
        for episode, reply in zip(episodes, replies, strict=True):
            episode.take(reply)

    def begin(task: Task) -> RunningEpisode:
        return RunningEpisode(task, benchmark, policy.id, settings)

    for episode in in_slots(tasks, begin, advance, settings.slots):
        yield episode.result()


def at_own_pace(tasks: Sequence[Task], policy: OpenAIPolicy, settings: PlaySettings) -> Iterator[Episode]:
    """The project's loop."""
    return play(tasks, SPEC, policy, settings)


def measured(
    loop: Callable[[Sequence[Task], OpenAIPolicy, PlaySettings], Iterator[Episode]],
    tasks: Sequence[Task],
    policy: OpenAIPolicy,
    settings: PlaySettings,
) -> Measured:
    """Plays the tasks once."""
    wall, process, caller = time.perf_counter(), time.process_time(), time.thread_time()
    episodes = sorted(loop(tasks, policy, settings), key=lambda episode: episode.task.id)
    wall, process, caller = time.perf_counter() - wall, time.process_time() - process, time.thread_time() - caller
    if broken := next((each.error for each in episodes if each.error), ""):
        raise SystemExit(broken)
    return Measured(wall, process - caller, caller, episodes)


def main() -> None:
    """Print episodes per hour of both loops and their ratio, for each kind of latency."""
    parser = argparse.ArgumentParser(description="Episodes per hour against a server with latency.")
    parser.add_argument("--episodes", type=int, default=192)
    parser.add_argument("--slots", type=int, default=64, help="episodes under way")
    parser.add_argument("--actions", type=int, default=15, help="at most, in each episode")
    parser.add_argument("--mean", type=float, default=0.2, help="mean latency in seconds")
    given = parser.parse_args()
    tasks = make_benchmark(SPEC).tasks("train", given.episodes, 0)
    settings = PlaySettings(max_actions=given.actions, refused_limit=None, slots=given.slots)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there.send, there.recv, given.mean))
    process.start()
    url = here.recv()

    def policy(model: str) -> OpenAIPolicy:
        parameters = ModelParameters(base_url=url, model=model, concurrency=given.slots)
        how = {"environment": SPEC.name, "hold_to_admissible": True}
        access = Access(prices={model: Price(prompt=0.0, completion=0.0)})
        return OpenAIPolicySpec(model, parameters, access, BudgetParameters(), **how).load()

    in_order(policy("constant").answer, [Conversation("", "Import the client.", (), ("look",))], 1)
    print(f"{given.episodes} episodes of {given.actions} actions, {given.slots} under way, mean latency {given.mean} s")
    for model in LATENCIES:
        before, now = (measured(loop, tasks, policy(model), settings) for loop in (in_lockstep, at_own_pace))
        if before.episodes != now.episodes:
            raise SystemExit("The episodes of the two loops differ.")
        for name, found in (("lockstep", before), ("own pace", now)):
            per_call = [f"{cpu / found.calls * 1000:.2f}" for cpu in (found.client_cpu, found.caller_cpu)]
            used = found.calls * given.mean / given.slots / found.seconds
            print(
                f"{model:9}  {name}: {found.per_hour:7,.0f} episodes/h, slots {used:4.0%} used, "
                f"CPU per call: client {per_call[0]} ms, caller {per_call[1]} ms"
            )
        print(f"{model:9}  ratio {now.per_hour / before.per_hour:.2f}")
    here.send("stop")
    process.join()


if __name__ == "__main__":
    main()
