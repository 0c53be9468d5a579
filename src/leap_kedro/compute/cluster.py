"""The connection to a Ray cluster, and what the cluster has."""

import logging
import os
import socket
from collections import Counter
from collections.abc import Mapping
from typing import Any

from leap_kedro.compute.parameters import ComputeParameters
from leap_kedro.records import UserError
from leap_kedro.records.errors import in_one_line

INSTALL = 'pip install -c constraints.txt "leap_kedro[ray]"'

SILENCE = 10.0
"""Seconds after which missing resources are reported."""
POLL = 1.0
"""Seconds between two looks at what has started."""
_REACHABLE = 10.0  # seconds
_START = (
    "Start one (`ray start --head`, and `ray start --address=HOST:6379` on each other machine), or name one by "
    "`compute.address`; docs/scale.md."
)

logger = logging.getLogger(__name__)


class NoCluster(UserError):
    """There is no Ray cluster, or it has no free resources."""


class ResourceWait:
    """Actors wait for free resources: reported once, and an error if none starts in `compute.start_timeout`.

    Args:
        parameters: What they ask for.
        lower: The parameters that the user may lower, for the error.
    """

    def __init__(self, parameters: ComputeParameters, lower: str) -> None:
        self._limit, self._lower = parameters.start_timeout, lower
        self._reported = False

    def reports(self, seconds: float) -> bool:
        """Whether a wait of so many seconds is reported."""
        return seconds > min(SILENCE, self._limit)

    def is_over(self, seconds: float, waiting: str, *, in_vain: bool = True) -> bool:
        """Whether those that have waited so long are given up.

        Args:
            seconds: How long they have waited.
            waiting: Who waits for what, as the start of a sentence; followed by what the cluster has.
            in_vain: Whether none has started.

        Raises:
            NoCluster: If they are given up and none has started.
        """
        if not self.reports(seconds):
            return False
        state = f"{waiting}. The cluster has {resources()}."
        if not self._reported:
            logger.warning("%s", state)
            self._reported = True
        if seconds > self._limit and in_vain:
            raise NoCluster(
                f"{state} None has started in {self._limit:g} s (`compute.start_timeout`). Add machines, end other "
                f"work, or lower {self._lower}, unless Ray's logs say that actors cannot start "
                "(`compute.runtime_env`); then run the same command again."
            )
        return seconds > self._limit


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
    _check_environment(parameters)
    if ray.is_initialized():
        return
    address = parameters.address or os.environ.get("RAY_ADDRESS") or _of_this_machine()
    try:
        _check_reachable(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        raise NoCluster(f"There is no Ray cluster at {address} ({in_one_line(error)}). {_START}") from error
    logger.info("Ray cluster at %s: %s", ray.get_runtime_context().gcs_address, resources())


def _check_environment(parameters: ComputeParameters) -> None:
    from ray.runtime_env import RuntimeEnv

    try:
        RuntimeEnv(**parameters.runtime_env)
    except (TypeError, ValueError) as error:
        raise NoCluster(f"Ray refuses `compute.runtime_env`: {in_one_line(error)}") from error


def _of_this_machine() -> str:
    """The address of the only cluster of which a node runs on this machine."""
    # Ray itself would take the newest cluster, or one that has ended.
    from ray._private.services import find_gcs_addresses

    found = sorted(find_gcs_addresses())  # type: ignore[no-untyped-call]
    if not found:
        raise NoCluster(f"There is no Ray cluster on this machine. {_START}")
    if len(found) > 1:
        raise NoCluster(
            f"There are several Ray clusters on this machine ({', '.join(found)}): name one by `compute.address`."
        )
    return str(found[0])


def _check_reachable(address: str) -> None:
    """Raise an error if nothing listens there: Ray itself would try for minutes."""
    host, separator, port = address.rpartition(":")
    if separator and port.isdecimal():
        socket.create_connection((host, int(port)), _REACHABLE).close()


def resources() -> str:
    """The machines, CPU cores and GPUs of the cluster, and how many are free."""
    import ray

    free = ray.available_resources()  # type: ignore[no-untyped-call]
    amounts = [f"{free.get(name, 0.0):g} of {total:g} {name}s free" for name, total in _totals().items()]
    machines = len(_machines())
    return f"{machines} machine{'s' * (machines != 1)}, {', '.join(amounts)}"


def actor_options(parameters: ComputeParameters) -> dict[str, Any]:
    """Ray's options of an actor: its resources, spread over the machines, and its environment.

    Variables that name data (``*_DATA``) are passed on, so that environments find their files by the same paths.
    """
    variables = {name: value for name, value in os.environ.items() if name.endswith("_DATA")}
    given = parameters.runtime_env
    passed_on = {"env_vars": {**variables, **given.get("env_vars", {})}} if variables else {}
    return {
        "num_cpus": parameters.cpus,
        "num_gpus": parameters.gpus,
        "resources": parameters.resources,
        "scheduling_strategy": "SPREAD",
        "runtime_env": {**given, **passed_on} or None,
    }


def has_gpus() -> bool:
    """Whether a machine of the cluster has a GPU."""
    return "GPU" in _totals()


def fitting(parameters: ComputeParameters, per_machine: int | None = None) -> int:
    """Number of actors for which the cluster has room, at most `per_machine` on each; running work is not counted."""
    rooms = [_room(has, wanted(parameters)) for has in _machines()]
    return sum(rooms if per_machine is None else (min(room, per_machine) for room in rooms))


def wanted(parameters: ComputeParameters) -> dict[str, float]:
    """The resources of each actor, by Ray's names for them."""
    asked = {"CPU": parameters.cpus, "GPU": parameters.gpus, **parameters.resources}
    return {name: amount for name, amount in asked.items() if amount}


def asked(parameters: ComputeParameters) -> str:
    """The resources of each actor, for messages."""
    return ", ".join(f"{amount:g} {name}" for name, amount in wanted(parameters).items())


def _room(has: Mapping[str, float], asked: Mapping[str, float]) -> int:
    if not asked:
        return 1
    return min(int(has.get(name, 0.0) / amount) for name, amount in asked.items())


def _totals() -> dict[str, float]:
    total: Counter[str] = Counter()
    for has in _machines():
        total.update({name: has.get(name, 0.0) for name in ("CPU", "GPU")})
    return {name: amount for name, amount in total.items() if name == "CPU" or amount}


def _machines() -> list[Mapping[str, float]]:
    """The resources of each machine."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
