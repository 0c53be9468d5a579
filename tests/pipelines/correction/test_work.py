"""Corrections on a Ray cluster."""

from typing import Any

import pytest
from pipelines.stages import small_parameters
from ray_cluster import on

from leap_kedro.compute import ComputeParameters
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access
from leap_kedro.pipelines.correction.nodes import correct
from leap_kedro.pipelines.history import History
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.teachers.players import play_expert

pytestmark = pytest.mark.slow

OPTIONS = {"source": "generated"}


def test_a_node_that_goes_costs_only_its_unfinished_corrections(cluster: Any, history: History) -> None:
    benchmark = make_benchmark(EnvironmentSpec("alfworld", OPTIONS))
    tasks = benchmark.tasks("train", 60, seed=0)
    episodes = list(play_expert(benchmark, tasks, "plain", PlaySettings(12), name="pi_0"))
    parameters = small_parameters()

    def missing(compute: ComputeParameters) -> Any:
        what = episodes, history, {}, Access(), parameters.correction, parameters.server, compute
        return correct(*what, "alfworld", {"alfworld": OPTIONS}, 1)([])

    third = cluster.add_node(num_cpus=1)
    found = []
    for corrected in missing(on(cluster, workers=3)):
        found.append(corrected)
        if len(found) == 10:
            cluster.remove_node(third, allow_graceful=False)
    assert sorted(found, key=lambda each: each.episode) == sorted(
        missing(ComputeParameters()), key=lambda each: each.episode
    )
