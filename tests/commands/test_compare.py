"""`kedro leap compare`: an experiment per method and seed; each training copies the policy it starts from."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject

pytestmark = pytest.mark.slow

METHODS = ("leap", "expert_iteration")


def compare(project: LoopProject, *options: str) -> str:
    result = project.call("leap", "compare", *options, *project.given("evaluation.base_tasks=1"))
    assert result.exit_code == 0, result.output
    return result.output


def rows(project: LoopProject) -> list[dict[str, Any]]:
    path = project.folder / "data/07_reports/default/seed_0/methods_table.csv"
    return list(csv.DictReader(path.open(encoding="utf-8")))


def manifest(project: LoopProject, method: str, iteration: int) -> dict[str, Any]:
    path = f"00_experiments/default_{method}_0/iter_{iteration}/manifest.json"
    return project.read(path)  # type: ignore[return-value]


def test_methods_start_from_the_same_policy_and_are_compared(
    finished_project: LoopProject, tmp_path: Path, trainings: list[Path]
) -> None:
    project = finished_project.copy(tmp_path / "project")
    compare(project, "--method=leap", "--seeds=1")
    before = project.written()
    shown = compare(project, *(f"--method={name}" for name in METHODS), "--seeds=1")
    assert len(trainings) == 1 + len(METHODS)  # pi_0 once
    unchanged = {name for name in before if "default_leap_0" in name}
    assert {name: before[name] for name in unchanged}.items() <= project.written().items()

    starts = [manifest(project, method, 0) for method in METHODS]
    for same in ("examples", "policy", "train", "validation", "test"):
        assert len({start["data"][same] for start in starts}) == 1, same
    costs = {method: manifest(project, method, 1)["costs"] for method in METHODS}
    assert {cost["episodes"] for cost in costs.values()} == {6}
    assert costs["leap"]["labels"] > 0
    assert costs["expert_iteration"]["labels"] == 0

    found = rows(project)
    splits = ("validation", "valid_seen", "valid_unseen")
    assert [(row["method"], row["iteration"], row["split"]) for row in found] == [
        (method, str(iteration), split) for method in METHODS for iteration in (0, 1) for split in splits
    ]
    assert {row["episodes"] for row in found if row["iteration"] == "1"} == {"6.0"}
    assert all(method in shown for method in METHODS)
    figure = json.loads((project.folder / "data/07_reports/default/seed_0/methods_figure.json").read_text())
    assert [trace["name"].partition(":")[0] for trace in figure["data"]] == list(METHODS) * 3
    check_mlflow(project)


def check_mlflow(project: LoopProject) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{project.folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("leap_kedro")
    assert experiment
    (run,) = client.search_runs([experiment.experiment_id], "tags.`leap.kind` = 'methods'")
    assert run.info.run_name == "default methods"
    assert {f"{method}/success/valid_unseen" for method in METHODS} <= run.data.metrics.keys()
    assert "| leap, pi_1 |" in run.data.tags["mlflow.note.content"]
    named = "tags.`leap.kind` = 'experiment' and tags.`leap.experiment` = 'default_expert_iteration_0'"
    (other,) = client.search_runs([experiment.experiment_id], named)
    curve = client.get_metric_history(other.info.run_id, "success/validation")
    assert {point.step for point in curve} == {-1, 0, 1}


def test_a_comparison_of_which_nothing_is_finished_says_how_to_run_it(
    finished_project: LoopProject, tmp_path: Path
) -> None:
    project = finished_project.copy(tmp_path / "project")
    result = project.call("run", "--pipelines=methods", *project.given())
    assert result.exit_code == 1
    assert "kedro leap compare --experiment=default" in result.output
