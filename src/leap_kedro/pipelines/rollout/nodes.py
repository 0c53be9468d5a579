"""The student, or the demonstrator, plays training tasks."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.each import of_each
from leap_kedro.datasets.store import Missing
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.demonstrating import load_demonstrator
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import pending_groups
from leap_kedro.pipelines.history import History, parent_of
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.progress import progress_bar
from leap_kedro.pipelines.rollout.parameters import Player, RolloutParameters
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Episode, Task
from leap_kedro.records.seeds import derive_seed


def roll_out(
    history: History,
    tasks: Mapping[str, Sequence[Task]],
    parameters: RolloutParameters,
    bootstrap: BootstrapParameters,
    serving: ServingParameters | None,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    iteration: int,
) -> Missing[Episode]:
    """pi_{k-1} plays the missing episodes of training tasks.

    Args:
        history: The earlier iterations.
        tasks: Tasks by split.
        parameters: Number of episodes, who plays, and how.
        bootstrap: The demonstrator, if it plays.
        serving: The server of the loop's policies; None: they are loaded.
        compute: Where they are played.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the choice of tasks and of sampling.
        iteration: k.

    Returns:
        Stored episodes -> the missing ones, in the order in which they end.
    """
    parent = parent_of(history, iteration)
    run_seed = derive_seed(seed, "rollout", iteration)
    chosen = choose_tasks(tasks["train"], parameters.episodes // parameters.group_size, iteration, seed)
    spec = environment_spec(environment, environments)

    def missing(so_far: Sequence[Episode]) -> Iterator[Episode]:
        pending = pending_groups(chosen, so_far, run_seed, parameters.group_size)
        if parameters.player is Player.DEMONSTRATOR:
            return _demonstrated(spec, [each.task for each in pending], bootstrap, compute, run_seed, iteration)
        how = parameters, parameters.temperature, run_seed, iteration, f"rollout of {parent.id}"
        return play(parent, spec, pending, *how, serving=serving, compute=compute)

    return missing


def _demonstrated(
    spec: EnvironmentSpec,
    tasks: Sequence[Task],
    bootstrap: BootstrapParameters,
    compute: ComputeParameters,
    run_seed: int,
    iteration: int,
) -> Iterator[Episode]:
    played = of_each("demonstrations", partial(load_demonstrator, spec, bootstrap, run_seed, iteration), tasks, compute)
    title = f"rollout of {bootstrap.demonstrator}"
    for _, demonstration in progress_bar(title, "episode", len(tasks), played):
        yield demonstration.episode


def choose_tasks(tasks: Sequence[Task], count: int, iteration: int, seed: int) -> list[Task]:
    """`count` tasks for one iteration, or all if there are fewer. Every task is used once before any repeats."""
    order = Random(derive_seed(seed, "rollout order")).sample(range(len(tasks)), len(tasks))
    start = (iteration - 1) * count
    return [tasks[order[(start + place) % len(order)]] for place in range(min(count, len(order)))]
