"""An iteration on a Ray cluster of two nodes, by `kedro run`."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject

pytestmark = pytest.mark.slow

TIMED = ("manifest.json", "seconds.json", "training_report.json", "job.json")


def results(project: LoopProject) -> dict[str, Any]:
    """Records in any order, and digests of all other files except those that contain times."""
    found = {name: digest for name, digest in project.contents().items() if not name.endswith(TIMED)}
    found = {name: digest for name, digest in found.items() if "/workspace/result-" not in name}
    records = {name: sorted(map(str, project.read(name))) for name in found if name.endswith(".jsonl")}
    return {**found, **records}


def test_an_iteration_on_a_cluster_has_the_results_of_the_local_one(
    cluster: Any, finished_project: LoopProject, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project = finished_project.copy(tmp_path / "project")
    for folder in (project.folder / "data").glob("*/default/iter_1"):
        shutil.rmtree(folder)
    (project.folder / "data/04_training/default/iter_0/examples.jsonl").unlink()  # the demonstrations
    result = project.call("run", *project.given("compute.kind=ray", f"compute.address={cluster.address}"))
    assert result.exit_code == 0, result.output
    for stage in ("demonstrations", "rollout of pi_0", "correction", "experts", "swap test", "recoverability"):
        assert any(message.startswith(f"{stage}, workers ") for message in caplog.messages), stage
    assert results(project) == results(finished_project)
