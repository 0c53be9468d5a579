"""A Ray cluster of two nodes on this machine, for tests; they skip where Ray is absent."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leap_kedro.compute import ComputeKind, ComputeParameters

os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")
_TESTS = Path(__file__).parent
_PATHS = os.pathsep.join(filter(None, [str(_TESTS), str(_TESTS / "policies"), os.environ.get("PYTHONPATH")]))


@pytest.fixture(scope="module", name="cluster")
def two_nodes() -> Iterator[Any]:
    """A `ray.cluster_utils.Cluster` of two nodes with one CPU core each, to which nobody is connected."""
    pytest.importorskip("ray", reason="Ray is not installed: the extra [ray]")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    disconnect()
    cluster.shutdown()


def disconnect() -> None:
    """Leave the cluster."""
    import ray

    ray.shutdown()


def on(cluster: Any, **values: Any) -> ComputeParameters:
    """The parameters that name the cluster; its actors can import the helpers of tests."""
    environment = {"env_vars": {"PYTHONPATH": _PATHS}}
    return ComputeParameters(kind=ComputeKind.RAY, address=cluster.address, runtime_env=environment, **values)
