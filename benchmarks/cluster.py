"""What one driver can hand out to a Ray cluster, receive and store: episodes per second.

The workers answer at once with episodes of three short steps, so that nothing but the driver is measured. The cluster
has three nodes on this machine, which share its cores with the driver.

    python benchmarks/cluster.py
"""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from leap_kedro.compute import ComputeKind, ComputeParameters
from leap_kedro.compute.run import run
from leap_kedro.compute.work import Loaded, Pulse
from leap_kedro.datasets.store import GrowingStoreDataset
from leap_kedro.records import Episode, ParseStatus, Step, StopReason, Task

EPISODES = 20_000
NODES = 3
ROUNDS = 3


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


def main() -> None:
    """Print the median of some rounds."""
    import ray
    from ray.cluster_utils import Cluster

    environment = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(NODES - 1):
        cluster.add_node(num_cpus=1)
    compute = ComputeParameters(kind=ComputeKind.RAY, address=cluster.address, runtime_env=environment)
    tasks = [Task(f"task {number}", "none", "train", "find it", "none") for number in range(EPISODES)]
    try:
        rates = [measure(compute, tasks) for _ in range(ROUNDS)]
    finally:
        ray.shutdown()
        cluster.shutdown()
    print(f"{NODES} nodes, {EPISODES} episodes: {median(rates):,.0f} episodes/s ({min(rates):,.0f}-{max(rates):,.0f})")


if __name__ == "__main__":
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from cluster import main as imported  # the workers import this module by its name

    imported()
