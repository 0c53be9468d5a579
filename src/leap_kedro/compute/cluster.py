"""The connection to a Ray cluster, and what the cluster has."""

import logging
import os
from collections import Counter
from collections.abc import Mapping

from leap_kedro.compute.parameters import ComputeParameters
from leap_kedro.records import UserError
from leap_kedro.records.errors import in_one_line

INSTALL = 'pip install -c constraints.txt "leap_kedro[ray]"'

logger = logging.getLogger(__name__)


class NoCluster(UserError):
    """There is no Ray cluster, or it has no free resources."""


def connect(parameters: ComputeParameters) -> None:
    """Connect this process to the cluster, once.

    Raises:
        NoCluster: If Ray is not installed, or the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray announces a later default for tasks without GPUs, once per process.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise NoCluster(f"`compute.kind` is 'ray', and Ray is not installed: {INSTALL}") from error
    if ray.is_initialized():
        return
    address = parameters.address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        where = "on this machine" if address == "auto" else f"at {address}"
        raise NoCluster(
            f"There is no Ray cluster {where} ({in_one_line(error)}). Start one (`ray start --head`, and "
            "`ray start --address=HOST:6379` on each other machine), or name one by `compute.address`; docs/scale.md."
        ) from error
    logger.info("Ray cluster at %s: %s", ray.get_runtime_context().gcs_address, resources())


def resources() -> str:
    """The machines, CPU cores and GPUs of the cluster, and how many are free."""
    import ray

    free = ray.available_resources()  # type: ignore[no-untyped-call]
    amounts = [f"{free.get(name, 0.0):g} of {total:g} {name}s free" for name, total in _totals().items()]
    machines = len(_machines())
    return f"{machines} machine{'s' * (machines != 1)}, {', '.join(amounts)}"


def fitting(parameters: ComputeParameters) -> int:
    """Number of actors for which the cluster has room, its running work left out of account."""
    asked = {"CPU": parameters.cpus, "GPU": parameters.gpus}
    wanted = {name: amount for name, amount in asked.items() if amount}
    return sum(_room(has, wanted) for has in _machines())


def _room(has: Mapping[str, float], wanted: Mapping[str, float]) -> int:
    if not wanted:
        return 1
    return min(int(has.get(name, 0.0) / amount) for name, amount in wanted.items())


def _totals() -> dict[str, float]:
    total: Counter[str] = Counter()
    for has in _machines():
        total.update({name: has.get(name, 0.0) for name in ("CPU", "GPU")})
    return {name: amount for name, amount in total.items() if name == "CPU" or amount}


def _machines() -> list[Mapping[str, float]]:
    """The resources of each machine."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
