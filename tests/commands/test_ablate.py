"""`kedro leap ablate`: five levels of privilege for each seed; each training copies the policy it starts from."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import Result
from loop_project import LoopProject

pytestmark = pytest.mark.slow

LEVELS = (0, 25, 50, 75, 100)
FOLDER = "08_ablation/default"


@pytest.fixture
def project(finished_project: LoopProject, tmp_path: Path) -> LoopProject:
    return finished_project.copy(tmp_path / "project")


def ablate(project: LoopProject, seeds: int) -> Result:
    result = project.call("leap", "ablate", f"--seeds={seeds}", *project.given())
    assert result.exit_code == 0, result.output
    return result


def test_another_seed_is_added_to_those_that_are_finished(project: LoopProject, trainings: list[Path]) -> None:
    ablate(project, 1)
    before = project.written()
    assert len(trainings) == len(set(trainings)) == 1 + len(LEVELS)
    shown = ablate(project, 2).output
    assert before.items() <= project.written().items()
    assert len(trainings) == len(set(trainings)) == 2 * (1 + len(LEVELS))
    check_levels(project)
    check_table(project, shown)
    check_mlflow(project)


def check_levels(project: LoopProject) -> None:
    """The levels of a seed share rollouts, and seeds share nothing."""
    by_seed = []
    for seed in (0, 1):
        rollouts = project.read(f"{FOLDER}/seed_{seed}/start/rollouts.jsonl")
        by_seed.append({each["task"]["id"] for each in rollouts})
        for level in LEVELS:
            folder = f"{FOLDER}/seed_{seed}/level_{level}"
            corrected = project.read(f"{folder}/corrections.jsonl")
            assert len(corrected) == len(rollouts) == 6
            assert {each["corrections"][0]["privilege"] for each in corrected} == {level}
            assert len(project.read(f"{folder}/evaluation_episodes.jsonl")) == 9
    assert not by_seed[0] & by_seed[1]


def check_table(project: LoopProject, shown: str) -> None:
    """One row per level and split."""
    place = project.folder / "data/07_reports/default/seed_1"
    header, *rows = (place / "ablation_table.csv").read_text().splitlines()
    columns = header.split(",")
    assert columns[:4] == ["level", "privilege", "split", "seeds"]
    assert {"success_low", "pooled_low", "leak_rate", "gap_l1", "recoverability_mean"} <= set(columns)
    splits = ("validation", "valid_seen", "valid_unseen")
    names = [("pi_0", ""), *((f"{level} %", str(level)) for level in LEVELS)]
    assert [row.split(",")[:4] for row in rows] == [[*name, split, "2"] for name in names for split in splits]
    assert str(place / "ablation_table.csv") in shown.replace("\n", "")
    figure = json.loads((place / "ablation_figure.json").read_text())
    assert {trace["name"] for trace in figure["data"]} == {*splits, "leak_rate", "gap_l1"}


def check_mlflow(project: LoopProject) -> None:
    """One child run per level, with the seeds as steps."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{project.folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("leap_kedro")
    assert experiment
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert len(runs) == 2 + 1 + len(LEVELS)
    parent = runs["default realizability ablation"]
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    for level in LEVELS:
        child = runs[f"default privilege {level}"]
        assert child.data.tags["leap.privilege"] == child.data.params["correction.privilege"] == str(level)
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        by_seed = client.get_metric_history(child.info.run_id, "success/valid_unseen")
        assert [point.step for point in by_seed] == [0, 1]
        means = client.get_metric_history(child.info.run_id, "mean/success/valid_unseen")
        assert [point.step for point in means] == [1, 2]
        assert {"realizability/leak_rate/rate", "mean/gap_l1", "mean/gap_l1_low"} <= child.data.metrics.keys()
    curve = client.get_metric_history(parent.info.run_id, "mean_of_2_seeds/success/valid_unseen")
    assert [point.step for point in curve] == list(LEVELS)
    assert "| 100 % |" in parent.data.tags["mlflow.note.content"]
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        models = database.execute("select distinct name from model_versions").fetchall()
    assert models == [("leap-default",)]
