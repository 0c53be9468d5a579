"""A Ray cluster of two nodes on this machine, for tests; they skip where Ray is absent."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leap_kedro.compute import ComputeKind, ComputeParameters

_TESTS = Path(__file__).parent
_PATHS = os.pathsep.join(filter(None, [str(_TESTS), str(_TESTS / "policies"), os.environ.get("PYTHONPATH")]))

_QUICK = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
"""A lost node is noticed within seconds."""


@pytest.fixture
def cluster(started_cluster: Any) -> Iterator[Any]:
    """A `ray.cluster_utils.Cluster` of two nodes with one CPU core each, to which nobody is connected."""
    yield started_cluster
    started_cluster.wait_for_nodes()  # a node that a test has removed is noticed after seconds


@pytest.fixture(scope="session")
def started_cluster() -> Iterator[Any]:
    """The cluster, which all tests of a process share."""
    pytest.importorskip("ray", reason="Ray is not installed: the extra [ray]")
    started = _started()
    yield started
    disconnect()
    started.shutdown()


def _started() -> Any:
    """A started cluster; Ray gives a node 30 seconds, which a busy machine may exceed."""
    from ray.cluster_utils import Cluster

    for further in (2, 1, 0):
        cluster = Cluster()
        try:
            cluster.add_node(num_cpus=1, include_dashboard=False, no_monitor=True, _system_config=_QUICK)
            cluster.add_node(num_cpus=1)
        except Exception:
            cluster.shutdown()
            if not further:
                raise
        else:
            return cluster
    raise AssertionError


def disconnect() -> None:
    """Leave the cluster."""
    import ray

    ray.shutdown()


def on(cluster: Any, **values: Any) -> ComputeParameters:
    """The parameters that name the cluster; its actors can import the helpers of tests."""
    environment = {"env_vars": {"PYTHONPATH": _PATHS}}
    return ComputeParameters(kind=ComputeKind.RAY, address=cluster.address, runtime_env=environment, **values)
