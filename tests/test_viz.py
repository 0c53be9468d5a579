"""The pipeline as kedro-viz shows it: built offline, looked into."""

import json
from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject

pytest.importorskip("kedro_viz", reason="kedro-viz is not installed: pip install 'leap_kedro[viz]'")
pytestmark = pytest.mark.slow

STAGES = {"bootstrap", "rollout", "correction", "training", "evaluation"}


@pytest.fixture(scope="module")
def site(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = finished_project.copy(tmp_path_factory.mktemp("viz") / "project")
    built = project.kedro("viz", "build", "--include-previews")
    assert built.returncode == 0, built.stdout + built.stderr
    return project.folder / "build"


def read(site: Path, path: str) -> Any:
    return json.loads((site / "api" / path).read_text())


def details(site: Path, name: str) -> Any:
    """What is shown of a dataset that has been chosen."""
    node = next(node for node in read(site, "main")["nodes"] if node["name"] == name)
    return read(site, f"nodes/{node['id']}")


def test_it_opens_on_the_stages_and_what_they_hand_on(site: Path) -> None:
    assert (site / "index.html").is_file()
    main = read(site, "main")
    names = {node["id"]: node["name"] for node in main["nodes"]}
    children = main["modular_pipelines"]["__root__"]["children"]
    first_view = {names.get(child["id"], child["id"]) for child in children if child["type"] != "parameters"}
    assert first_view >= STAGES
    assert {"tasks", "history", "rollouts", "corrections", "policy", "manifest"} <= first_view
    assert len(first_view) <= 12, first_view
    assert {"roll_out", "train_policy", "learning_curve"} <= set(names.values())
    assert {"leap_iteration", "evaluation", "realizability_ablation", "baselines"} <= {
        pipeline["id"] for pipeline in main["pipelines"]
    }


@pytest.mark.parametrize("name", ["learning_curve", "task_types"])
def test_figures_are_previewed(site: Path, name: str) -> None:
    shown = details(site, name)
    assert shown["preview_type"] == "PlotlyPreview"
    assert shown["preview"]["data"]


def test_the_table_of_verdicts_is_previewed(site: Path) -> None:
    shown = details(site, "correction_verdicts")
    assert shown["preview_type"] == "TablePreview"
    assert shown["preview"]["columns"] == ["verdict", "rejection", "count", "share"]
    assert shown["preview"]["data"][0][:2] == ["keep", "none"]
