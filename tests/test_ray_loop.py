"""An iteration on a Ray cluster of two nodes, by `kedro run`."""

from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject
from ray_cluster import two_nodes

pytestmark = pytest.mark.slow
cluster = two_nodes

TIMED = ("manifest.json", "seconds.json", "training_report.json", "job.json")


def results(project: LoopProject) -> dict[str, Any]:
    """Records in any order, and digests of all other files except those that contain times."""
    found = {name: digest for name, digest in project.contents().items() if not name.endswith(TIMED)}
    found = {name: digest for name, digest in found.items() if "/workspace/result-" not in name}
    records = {name: sorted(map(str, project.read(name))) for name in found if name.endswith(".jsonl")}
    return {**found, **records}


def test_an_iteration_on_a_cluster_has_the_results_of_the_local_one(
    cluster: Any, finished_project: LoopProject, tiny_base: Path, tmp_path: Path
) -> None:
    project = LoopProject(tmp_path / "project", tiny_base)
    finished = project.run("compute.kind=ray", f"compute.address={cluster.address}")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for stage in ("demonstrations", "rollout", "correction", "experts", "swap test", "recoverability"):
        assert f"{stage} on " in finished.stdout + finished.stderr, stage
    assert results(project) == results(finished_project)
