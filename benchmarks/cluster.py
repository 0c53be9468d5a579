"""What one driver can do with a Ray cluster of three nodes on this machine, which share its cores with the driver.

    python benchmarks/cluster.py driver

measures how many episodes a second it can hand out, receive and store: the workers answer at once with episodes of
three short steps, so that nothing but the driver is measured.

    python benchmarks/cluster.py workers [--counts 1 2 4 8 16 32 64]

plays against a server that answers after 200 ms, with so many workers that play one episode at a time: episodes per
hour, and the share of the first rate per worker.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import latency

from leap_kedro.compute import ComputeKind, ComputeParameters
from leap_kedro.compute.run import run
from leap_kedro.compute.work import Loaded, Pulse
from leap_kedro.datasets.store import GrowingStoreDataset
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, BudgetParameters, ModelParameters, Price
from leap_kedro.policies.openai_policy import OpenAIPolicySpec
from leap_kedro.policies.playing_work import PlayingWork
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import Episode, ParseStatus, Step, StopReason, Task

EPISODES = 20_000
NODES = 3
ROUNDS = 3
ACTIONS = 10
EACH = 5
"""Counted episodes of each worker."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Work whose results need no time."""

    name: str = "episodes"
    slots: int = 256
    folder: Path | None = None

    def moved(self, folder: Path) -> "AtOnce":
        """See `Work`."""
        return self

    def load(self) -> Loaded[Task, Episode]:
        """See `Work`."""
        played = episode(Task("", "none", "train", "", "none"))

        def results(tasks: Iterable[Task], pulse: Pulse) -> Iterator[Episode]:
            return (replace(played, task=task) for task in tasks)

        return results

    def item_id(self, item: Task) -> str:
        """See `Work`."""
        return item.id

    def result_id(self, result: Episode) -> str:
        """See `Work`."""
        return result.task.id

    def given_up(self, item: Task, cause: str) -> Episode:
        """See `Work`."""
        raise RuntimeError(cause)


def episode(task: Task) -> Episode:
    """An episode of three steps with texts of usual length."""
    listed = tuple(f"go to cabinet {number}" for number in range(1, 20))
    step = Step(
        observation="You arrive at cabinet 3. The cabinet 3 is closed.",
        admissible=listed,
        reply="REASON: I need to look into it.\nACTION: open cabinet 3",
        reason="I need to look into it.",
        action="open cabinet 3",
        parse_status=ParseStatus.OK,
        accepted=True,
        score=0.0,
    )
    return Episode(task, "none", 1, 0, (step, step, step), "You win.", 1.0, True, StopReason.SOLVED)


def measure(compute: ComputeParameters, tasks: list[Task]) -> float:
    """Episodes per second, from the first to the last."""
    begun = 0.0

    def missing(_: list[Episode]) -> Iterator[Episode]:
        nonlocal begun
        for each in run(AtOnce(), tasks, compute=compute):
            begun = begun or time.perf_counter()
            yield each

    with TemporaryDirectory() as folder:
        GrowingStoreDataset(f"{folder}/episodes.jsonl", "Episode").save(missing)
        return len(tasks) / (time.perf_counter() - begun)


def measure_workers(compute: ComputeParameters, count: int, url: str) -> float:
    """Episodes per hour of `count` workers, each of which plays one episode at a time, after they have started."""
    parameters = ModelParameters(base_url=url, model="constant", concurrency=1)
    access = Access(prices={"constant": Price(prompt=0.0, completion=0.0)})
    how = {"environment": latency.SPEC.name, "hold_to_admissible": True}
    spec = OpenAIPolicySpec("constant", parameters, access, BudgetParameters(), **how)
    settings = PlaySettings(max_actions=ACTIONS, refused_limit=None, slots=1)
    warm = 2 + count // 3  # episodes of a worker until the last one has started
    tasks = make_benchmark(latency.SPEC).tasks("train", (warm + EACH + 1) * count, 0)
    where = compute.model_copy(update={"workers": count, "cpus": 0.01})
    ended = [time.perf_counter() for _ in run(PlayingWork(latency.SPEC, spec, settings), tasks, compute=where)]
    last, first = -count - 1, -(EACH + 1) * count - 1  # without the end, when not all have an episode
    return (last - first) / (ended[last] - ended[first]) * 3600


def driver(compute: ComputeParameters) -> None:
    """Print the ceiling of the driver."""
    tasks = [Task(f"task {number}", "none", "train", "find it", "none") for number in range(EPISODES)]
    rates = [measure(compute, tasks) for _ in range(ROUNDS)]
    print(f"{NODES} nodes, {EPISODES} episodes: {median(rates):,.0f} episodes/s ({min(rates):,.0f}-{max(rates):,.0f})")


def workers(compute: ComputeParameters, counts: Sequence[int]) -> None:
    """Print episodes per hour by the number of workers."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=latency._serve, args=(there.send, there.recv, 0.2))
    process.start()
    url, first = here.recv(), 0.0
    for count in counts:
        rate = measure_workers(compute, count, url)
        first = first or rate / count
        print(f"{count:3} workers: {rate:9,.0f} episodes/h, {rate / first / count:4.0%} of linear", flush=True)
    here.send("stop")
    process.join()


def main() -> None:
    """Start the cluster and measure."""
    import ray
    from ray.cluster_utils import Cluster

    parser = argparse.ArgumentParser(description="One driver and a Ray cluster.")
    parser.add_argument("what", choices=["driver", "workers"])
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64], help="numbers of workers")
    given = parser.parse_args()
    environment = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(NODES - 1):
        cluster.add_node(num_cpus=1)
    compute = ComputeParameters(kind=ComputeKind.RAY, address=cluster.address, runtime_env=environment)
    try:
        driver(compute) if given.what == "driver" else workers(compute, given.counts)
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from cluster import main as imported  # the workers import this module by its name

    imported()
