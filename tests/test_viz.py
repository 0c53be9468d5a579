"""The pipeline as kedro-viz shows it: built offline, looked into."""

import json
from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject

pytest.importorskip("kedro_viz", reason="kedro-viz is not installed: pip install 'leap_kedro[viz]'")


@pytest.fixture(scope="module")
def site(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = finished_project.copy(tmp_path_factory.mktemp("viz") / "project")
    built = project.kedro("viz", "build", "--include-previews")
    assert built.returncode == 0, built.stdout + built.stderr
    return project.folder / "build"


def read(site: Path, path: str) -> Any:
    return json.loads((site / "api" / path).read_text())


def test_the_site_has_pipelines_nodes_and_layers(site: Path) -> None:
    assert (site / "index.html").is_file()
    main = read(site, "main")
    assert {"leap_iteration", "leap", "evaluation", "realizability_ablation", "baselines"} <= {
        pipeline["id"] for pipeline in main["pipelines"]
    }
    names = {node["name"] for node in main["nodes"]}
    assert {"roll_out", "correct_rollouts", "train_policy", "play_evaluation", "policy", "learning_curve"} <= names
    shown = ["tasks", "bootstrap", "episodes", "corrections", "training", "policies", "evaluation", "reports"]
    assert [layer for layer in main["layers"] if layer in shown] == shown
    unrolled = read(site, "pipelines/leap")
    assert [layer for layer in unrolled["layers"] if layer.startswith("iteration")] == [
        "iteration 1",
        "iteration 2",
        "iteration 3",
    ]


@pytest.mark.parametrize("name", ["learning_curve", "task_types"])
def test_figures_are_previewed(site: Path, name: str) -> None:
    node = next(node for node in read(site, "main")["nodes"] if node["name"] == name)
    details = read(site, f"nodes/{node['id']}")
    assert details["preview_type"] == "PlotlyPreview"
    assert details["preview"]["data"]


def test_the_table_of_verdicts_is_previewed(site: Path) -> None:
    node = next(node for node in read(site, "main")["nodes"] if node["name"] == "correction_verdicts")
    details = read(site, f"nodes/{node['id']}")
    assert details["preview_type"] == "TablePreview"
    assert details["preview"]["columns"] == ["verdict", "rejection", "count", "share"]
    assert details["preview"]["data"][0][:2] == ["keep", "none"]
