"""The student alone on training tasks."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Chunk, chunks
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import still_owed
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.rollout.parameters import RolloutParameters
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Episode, Task
from leap_kedro.records.seeds import derive_seed


def recall_parent(pi_0: SavedPolicy, history: Mapping[int, SavedPolicy], iteration: int) -> SavedPolicy:
    """pi_{k-1} of an experiment, from what its iterations left.

    Args:
        pi_0: What the loop started from.
        history: pi_i by i.
        iteration: k.
    """
    return history[iteration - 1] if iteration > 1 else pi_0


def roll_out(
    parent: SavedPolicy,
    tasks: Sequence[Task],
    so_far: Sequence[Episode],
    parameters: RolloutParameters,
    serving: ServingParameters | None,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Iterator[Chunk]:
    """pi_{k-1} plays training tasks; the episodes of an earlier, interrupted run are not played again.

    Args:
        parent: pi_{k-1}.
        tasks: Training tasks.
        so_far: Episodes that are there already.
        parameters: How many, and how they are played.
        serving: The server that answers for policies of the loop; None: they are loaded.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the choice of tasks and of sampling.

    Yields:
        Episodes as they end.
    """
    iteration = parent.iteration + 1
    run_seed = derive_seed(seed, "rollout", iteration)
    owed = still_owed(choose_tasks(tasks, parameters.episodes, iteration, seed), so_far, run_seed)
    spec = environment_spec(environment, environments)
    title = f"rollout of {parent.id}"
    played = play(parent, spec, owed, parameters, parameters.temperature, run_seed, iteration, title, serving=serving)
    yield from chunks(played)


def choose_tasks(tasks: Sequence[Task], count: int, iteration: int, seed: int) -> list[Task]:
    """`count` tasks for one iteration (all where there are fewer); none comes again before all had their turn."""
    order = Random(derive_seed(seed, "rollout order")).sample(range(len(tasks)), len(tasks))
    start = (iteration - 1) * count
    return [tasks[order[(start + place) % len(order)]] for place in range(min(count, len(order)))]
