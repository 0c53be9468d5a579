"""The machines of one attempt to train on a Ray cluster: reserved, called, and given back."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.cluster import POLL, ResourceWait, actor_options
from leap_kedro.records.errors import in_one_line
from leap_kedro.training.failures import TrainingFailed
from leap_kedro.training.machine import Machine
from leap_kedro.training.parameters import FineTuning

_CLOSING = 5.0  # seconds
_LEAST_CPU = 0.001  # Ray reserves no place that asks for nothing


class ClusterFailure(Exception):
    """An attempt has ended because of the cluster; the training itself may still succeed."""


class Machines:
    """The actors, in the order of their ranks.

    Attributes:
        names: What messages call each machine.
    """

    def __init__(self, actors: Sequence[Any], timeout: float) -> None:
        """Hold actors; a call that takes longer than `timeout` seconds is a failure of the machine."""
        self.names = [f"machine {rank} of {len(actors)} (counted from 0)" for rank in range(len(actors))]
        self._actors, self._timeout = actors, timeout

    def __len__(self) -> int:
        return len(self._actors)

    def call(self, rank: int, method: str, *given: Any) -> Any:
        """Call a method of a machine; a reference to its answer."""
        return getattr(self._actors[rank], method).remote(*given)

    def all(self, method: str, *given: Any, timeout: float | None = None) -> list[Any]:
        """Call a method of all machines at once; the answers, see `answer`."""
        calls = [self.call(rank, method, *given) for rank in range(len(self))]
        return [self.answer(rank, call, timeout) for rank, call in enumerate(calls)]

    def answer(self, rank: int, call: Any, timeout: float | None = None) -> Any:
        """The answer to a call.

        Raises:
            ClusterFailure: If the machine has died or does not answer.
            TrainingFailed: If it cannot do what it was asked.
        """
        import ray
        from ray import exceptions

        limit = timeout or self._timeout
        try:
            return ray.get(call, timeout=limit)
        except exceptions.GetTimeoutError as error:
            raise ClusterFailure(f"{self.names[rank]} did not answer for {limit:g} s") from error
        except exceptions.RayTaskError as error:
            raise TrainingFailed(f"{self.names[rank]} failed: {in_one_line(error.cause)}") from error
        except exceptions.RuntimeEnvSetupError as error:
            raise TrainingFailed(f"{self.names[rank]} cannot set up `compute.runtime_env`: {error}") from error
        except exceptions.RayError as error:
            raise ClusterFailure(f"{self.names[rank]} died ({_cause(error)})") from error


@contextmanager
def reserved(parameters: FineTuning, compute: ComputeParameters) -> Iterator[Machines]:
    """An actor on each of the training's machines; they are ended with the block.

    Each asks for the resources of its processes. A process gets whole GPUs, since two cannot train on the same one.

    Raises:
        NoCluster: If the cluster has no free resources for `compute.start_timeout` seconds.
    """
    import ray
    from ray.util import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    wanted = {"CPU": compute.cpus * parameters.processes, "GPU": math.ceil(compute.gpus) * parameters.processes}
    asked = {**wanted, **compute.resources}
    bundle = {name: amount for name, amount in asked.items() if amount} or {"CPU": _LEAST_CPU}
    nodes = parameters.nodes
    group = placement_group([bundle] * nodes, strategy="STRICT_SPREAD" if nodes > 1 else "PACK")
    actors: list[Any] = []
    try:
        _wait(group.wait, bundle, nodes, compute)
        for rank in range(nodes):
            options = {
                **actor_options(compute),
                "num_cpus": bundle.get("CPU", 0),
                "num_gpus": bundle.get("GPU", 0),
                "scheduling_strategy": PlacementGroupSchedulingStrategy(group, rank),
            }
            actors.append(ray.remote(Machine).options(**options).remote())
        yield Machines(actors, compute.timeout)
    finally:
        ray.wait(
            [actor.close.remote() for actor in actors] or [ray.put(0)], num_returns=len(actors) or 1, timeout=_CLOSING
        )
        for actor in actors:
            ray.kill(actor)
        remove_placement_group(group)


def _wait(ready: Callable[[float], bool], bundle: Mapping[str, float], nodes: int, compute: ComputeParameters) -> None:
    each = ", ".join(f"{amount:g} {name}{'s' * (amount != 1)}" for name, amount in bundle.items())
    waiting = f"The training waits for {each} on {f'each of {nodes} machines' if nodes > 1 else 'one machine'}"
    wait = ResourceWait(compute, "`fine_tuning.nodes`, `fine_tuning.processes`, `compute.cpus` or `compute.gpus`")
    began = time.monotonic()
    while not ready(min(POLL, compute.start_timeout)):
        wait.is_over(time.monotonic() - began, waiting)


def _cause(error: Exception) -> str:
    """The line of Ray's message that says what happened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "because" in line), lines[-1] if lines else type(error).__name__)
