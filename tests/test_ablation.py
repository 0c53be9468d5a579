"""The realizability ablation end to end: `kedro run` in another process, with a training that copies the parent."""

import json
import signal
import sqlite3
from pathlib import Path

import pytest
from loop_project import Finished, LoopProject

LEVELS = (0, 25, 50, 75, 100)
STARTING = """
import os, shutil, signal
from itertools import count
from pathlib import Path
from leap_kedro.datasets.store import GrowingStoreDataset
from leap_kedro.training import launch
from leap_kedro.training.progress import TrainingResult

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def copy(start, packs, parameters, work, target, *, validation=(), on_progress=None):
    with open("trainings.txt", "a") as file:
        file.write(f"{target}\\n")
    shutil.copytree(start, target, ignore=shutil.ignore_patterns("policy.json", "_SUCCESS"))
    return TrainingResult(3, 30, ((1, 1.0), (3, 0.5)), 0.1, 0, 1)

launch.train = copy
"""
IN_CORRECTION_AT_25 = """
save, saved = GrowingStoreDataset.save, count(1)
def save_some(self, data):
    save(self, data)
    if "level_25/corrections" in str(self._path) and next(saved) == 3:
        kill()
GrowingStoreDataset.save = save_some
"""
RUNNING = "from kedro.framework.cli import main\nmain()\n"


def run(project: LoopProject, seeds: int, patch: str = "") -> Finished:
    parameters = f"--params={project.parameters},options.seeds={seeds}"
    script = STARTING + patch + RUNNING
    return project.kedro("run", "--env=test", "--pipelines=realizability_ablation", parameters, script=script)


@pytest.fixture(scope="module")
def project(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A project whose ablation was killed within its first seed, run again, and given a second seed."""
    project = LoopProject(tmp_path_factory.mktemp("ablation") / "project", tiny_base)
    killed = run(project, 1, IN_CORRECTION_AT_25)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    before = written(project, 0)
    finished = run(project, 1)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    first_seed = written(project, 0)
    assert before.items() <= first_seed.items()
    assert "level_0/realizability.json" in before
    extended = run(project, 2)
    assert extended.returncode == 0, extended.stdout + extended.stderr
    assert written(project, 0) == first_seed
    (project.folder / "output.txt").write_text(extended.stdout)
    return project


def written(project: LoopProject, seed: int) -> dict[str, int]:
    """When each whole file of a seed was written, by path."""
    folder = project.folder / "data" / "08_ablation" / "default" / f"seed_{seed}"
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.rglob("*.json*")
        if path.suffix in (".json", ".jsonl") and "workspace" not in path.parts
    }


def test_killed_and_extended_it_repeats_nothing(project: LoopProject) -> None:
    trainings = (project.folder / "trainings.txt").read_text().splitlines()
    assert len(trainings) == len(set(trainings)) == 2 * (1 + len(LEVELS))
    for seed in (0, 1):
        for level in LEVELS:
            folder = f"08_ablation/default/seed_{seed}/level_{level}"
            corrected = [each["episode"] for each in project.read(f"{folder}/corrections.jsonl")]
            assert len(corrected) == len(set(corrected)) == 6
            assert len(project.read(f"{folder}/episodes.jsonl")) == 9


def test_the_levels_of_a_seed_share_rollouts_and_seeds_share_nothing(project: LoopProject) -> None:
    by_seed = []
    for seed in (0, 1):
        rollouts = project.read(f"08_ablation/default/seed_{seed}/start/rollouts.jsonl")
        played = {each["task"]["id"] for each in rollouts}
        by_seed.append(played)
        for level in LEVELS:
            judged = project.read(f"08_ablation/default/seed_{seed}/level_{level}/corrections.jsonl")
            assert {each["corrections"][0]["privilege"] for each in judged} == {level}
            assert len(judged) == len(rollouts)
    assert not by_seed[0] & by_seed[1]


def test_the_table_has_a_row_a_level_and_split(project: LoopProject) -> None:
    header, *rows = (project.folder / "data/08_ablation/default/table.csv").read_text().splitlines()
    columns = header.split(",")
    assert columns[:4] == ["level", "privilege", "split", "seeds"]
    assert {"success_low", "pooled_low", "leak_rate", "gap_l1", "recoverability_mean"} <= set(columns)
    found = [row.split(",")[:4] for row in rows]
    splits = ("validation", "valid_seen", "valid_unseen")
    names = [("pi_0", ""), *((f"{level} %", str(level)) for level in LEVELS)]
    assert found == [[*name, split, "2"] for name in names for split in splits]
    shown = (project.folder / "output.txt").read_text()
    assert "mean of 2 seeds" in shown
    assert str(project.folder / "data/08_ablation/default/table.csv") in shown.replace("\n", "")


def test_mlflow_has_a_child_run_a_level(project: LoopProject) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{project.folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("leap_kedro")
    assert experiment
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert len(runs) == 1 + len(LEVELS)
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
    reports = {artifact.path for artifact in client.list_artifacts(parent.info.run_id, "reports")}
    assert {"reports/table.csv", "reports/figure.html"} <= reports
    assert "| 100 % |" in parent.data.tags["mlflow.note.content"]
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        assert not database.execute("select * from registered_models").fetchall()


def test_the_figure_is_plotly_json(project: LoopProject) -> None:
    figure = json.loads((project.folder / "data/08_ablation/default/figure.json").read_text())
    assert {trace["name"] for trace in figure["data"]} == {
        "validation",
        "valid_seen",
        "valid_unseen",
        "leak_rate",
        "gap_l1",
    }
