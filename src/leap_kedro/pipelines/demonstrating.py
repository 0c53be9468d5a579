"""The demonstrator: the unprivileged expert that plays D_0, and the tasks of a rollout if the parameters say so."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.records import Task
from leap_kedro.teachers.demonstrations import Demonstration, demonstrations

if TYPE_CHECKING:
    from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters


def load_demonstrator(
    spec: EnvironmentSpec, parameters: "BootstrapParameters", run_seed: int, iteration: int = 0
) -> Callable[[Task], Demonstration]:
    """The function that demonstrates a task; loaded in each worker.

    Args:
        spec: The environment.
        parameters: They name the expert, its share of random actions and its cap on actions.
        run_seed: Seed from which the episodes' seeds are derived.
        iteration: LEAP iteration of the episodes.
    """
    benchmark = make_benchmark(spec)
    how: dict[str, Any] = {"max_actions": parameters.max_actions, "noise": parameters.noise, "seed": run_seed}

    def demonstrate_one(task: Task) -> Demonstration:
        (demonstration,) = demonstrations(benchmark, [task], parameters.demonstrator, **how, iteration=iteration)
        return demonstration

    return demonstrate_one
