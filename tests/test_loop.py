"""The loop end to end: `kedro run` in another process, on generated games, with tiny budgets."""

import json
import re
import shutil
import signal
import sqlite3
from pathlib import Path
from typing import Any

from loop_project import LoopProject

from leap_kedro.datasets.replies import RepliesDataset

STAGES = {
    "01_tasks/default/train.jsonl": 12,
    "01_tasks/default/validation.jsonl": 4,
    "01_tasks/default/test.jsonl": 5,
    "02_episodes/default/iter_1/rollouts.jsonl": 6,
    "03_corrections/default/iter_1/corrections.jsonl": 6,
    "04_training/default/iter_0/examples.jsonl": 6,
    "06_evaluation/default/iter_0/base_episodes.jsonl": 6,
    "06_evaluation/default/iter_0/episodes.jsonl": 9,
    "06_evaluation/default/iter_1/episodes.jsonl": 9,
}

KILLING = """
import os, signal
from itertools import count
from leap_kedro.datasets.store import GrowingStoreDataset
from leap_kedro.hooks import ManifestHooks
from leap_kedro.training import launch

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

{patch}
from kedro.framework.cli import main
main()
"""
IN_ROLLOUT = """
save, saved = GrowingStoreDataset.save, count(1)
def save_some(self, data):
    save(self, data)
    if self._path.name == "rollouts.jsonl" and next(saved) == 3:
        with open(f"{self._path}.partial", "a") as file:
            file.write('{"task": {"id": "half a li')
        kill()
GrowingStoreDataset.save = save_some
"""
IN_TRAINING = """
import shutil, sqlite3, subprocess, sys, time
def points():
    with sqlite3.connect("mlflow.db") as database:
        return database.execute("select count(*) from metrics where key = 'training/losses'").fetchone()[0]

def look_around(progress):
    deadline = time.monotonic() + 60
    while points() <= before and time.monotonic() < deadline:
        time.sleep(0.05)
    second = subprocess.run([sys.executable, "-m", "kedro", *sys.argv[1:]], capture_output=True, text=True)
    with open("seen.txt", "w") as file:
        file.write(f"{points() - before > 0} {second.returncode} {os.getpid()} {second.stderr}")
    kill()

before = points()
train = launch.train
launch.train = lambda *args, on_progress, **rest: train(*args, on_progress=look_around, **rest)
"""
BETWEEN_STAGES = """
begin = ManifestHooks.before_node_run
def kill_before(self, node):
    kill() if node.name == "play_evaluation" else begin(self, node)
kill_before.kedro_impl = begin.kedro_impl
ManifestHooks.before_node_run = kill_before
"""


def test_one_command_runs_an_iteration(finished_project: LoopProject) -> None:
    found = {path: len(finished_project.read(path)) for path in STAGES}
    assert found == STAGES
    table = (finished_project.folder / "output.txt").read_text()
    assert re.findall(r"│ (base|pi_0|pi_1)\b", table) == ["base", "pi_0", "pi_1"]
    assert "(champion)" in table
    assert f"mlflow ui --backend-store-uri sqlite:///{finished_project.folder}/mlflow.db" in table
    assert "kedro viz run" in table


def test_the_manifest_names_all_that_the_iteration_was_made_of(finished_project: LoopProject) -> None:
    manifest = finished_project.read("00_experiments/default/iter_1/manifest.json")
    assert manifest["experiment"] == "default"
    assert manifest["seed"] == 0
    assert manifest["parent"]["policy"] == "pi_0"
    assert {"rollouts", "corrections", "examples", "training_set", "policy", "pi_0", "D_0"} <= manifest["data"].keys()
    assert {"kedro", "torch", "transformers", "trl", "mlflow"} <= manifest["packages"].keys()
    assert {"roll_out", "train_policy", "play_evaluation"} <= manifest["seconds"].keys()
    splits = {(each["policy"], each["conditions"]["split"]) for each in manifest["evaluations"]}
    assert splits == {(p, s) for p in ("base", "pi_0", "pi_1") for s in ("validation", "valid_seen", "valid_unseen")}
    assert manifest["champion"]["policy"] in ("pi_0", "pi_1")


def test_what_is_learnt_is_there_for_other_trainers_too(finished_project: LoopProject) -> None:
    folder = finished_project.folder / "data/04_training/default/iter_1/dataset"
    rows = list(RepliesDataset(str(folder)).load())
    examples = finished_project.read("04_training/default/iter_1/examples.jsonl")
    targets = [target for example in examples for target in example["targets"]]
    learnt = [f"REASON: {target['reason']}\nACTION: {target['action']}" for target in targets]
    assert [row["completion"][0]["content"] for row in rows] == learnt
    assert all(row["privileged_context"] for row in rows)


def test_tasks_of_the_three_roles_never_mix(finished_project: LoopProject) -> None:
    roles = [
        {task["id"] for task in finished_project.read(f"01_tasks/default/{role}.jsonl")}
        for role in ("train", "validation", "test")
    ]
    assert len(set.union(*roles)) == sum(map(len, roles))
    rollouts = finished_project.read("02_episodes/default/iter_1/rollouts.jsonl")
    assert {episode["task"]["id"] for episode in rollouts} <= roles[0]


def test_killed_thrice_and_run_again_it_ends_as_if_it_had_never_been(
    finished_project: LoopProject, tmp_path: Path
) -> None:
    project = finished_project.copy(tmp_path / "project")
    for folder in (project.folder / "data").glob("*/default/iter_1"):
        shutil.rmtree(folder)
    runs_before = mlflow_runs(project)
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        database.execute(
            "delete from metrics where key = 'training/losses' and run_uuid in "
            "(select run_uuid from tags where key = 'leap.iteration' and value = '1')"
        )
    for patch in (IN_ROLLOUT, IN_TRAINING, BETWEEN_STAGES):
        killed = project.run(script=KILLING.format(patch=patch))
        assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
        if patch is IN_ROLLOUT:
            partial = project.folder / "data/02_episodes/default/iter_1/rollouts.jsonl.partial"
            assert partial.read_text().count("\n") == 3
        if patch is IN_TRAINING:
            streamed, code, pid, refusal = (project.folder / "seen.txt").read_text().split(" ", 3)
            assert streamed == "True"
            assert code == "1"
            assert f"Experiment 'default' is in use: the process with pid {pid} is running it." in refusal
    finished = project.run()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for path in STAGES:
        assert canonical(project.read(path)) == canonical(finished_project.read(path)), path
    for name in ("examples", "training_set"):
        path = f"04_training/default/iter_1/{name}.jsonl"
        assert project.read(path) == finished_project.read(path)
    undisturbed = finished_project.read("00_experiments/default/iter_1/manifest.json")
    continued = project.read("00_experiments/default/iter_1/manifest.json")
    assert continued["data"]["policy"] == undisturbed["data"]["policy"]
    assert mlflow_runs(project) == runs_before
    assert losses(project) == losses(finished_project)


def test_the_same_command_runs_the_next_iteration(finished_project: LoopProject, tmp_path: Path) -> None:
    project = finished_project.copy(tmp_path / "project")
    finished = project.run()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    manifest = project.read("00_experiments/default/iter_2/manifest.json")
    assert manifest["parent"]["policy"] == "pi_1"
    assert not {"train_pi_0", "demonstrate"} & manifest["seconds"].keys()
    first = {episode["task"]["id"] for episode in project.read("02_episodes/default/iter_1/rollouts.jsonl")}
    second = {episode["task"]["id"] for episode in project.read("02_episodes/default/iter_2/rollouts.jsonl")}
    assert not first & second
    mixed = {example["iteration"] for example in project.read("04_training/default/iter_2/training_set.jsonl")}
    assert mixed == {0, 1, 2}


def test_nodes_run_singly_get_what_is_not_kept_in_files(finished_project: LoopProject, tmp_path: Path) -> None:
    project = finished_project.copy(tmp_path / "project")
    done = project.kedro("run", "--env=test", "--from-nodes=train_policy", f"--params={project.parameters},iteration=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "train_policy" in done.stderr
    assert "roll_out" not in done.stderr


def test_an_experiment_goes_on_without_the_mlflow_that_it_was_begun_with(
    finished_project: LoopProject, tmp_path: Path
) -> None:
    project = finished_project.copy(tmp_path / "project")
    (project.folder / "mlflow.db").unlink()
    finished = project.run()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    champion = project.read("00_experiments/default/iter_2/manifest.json")["champion"]["iteration"]
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        aliases = dict(database.execute("select alias, version from registered_model_aliases"))
    assert aliases["champion"] == aliases[f"pi_{champion}"]


def test_a_student_that_teaches_itself_runs_through(tiny_base: Path, tmp_path: Path) -> None:
    project = LoopProject(tmp_path / "project", tiny_base)
    finished = project.run("correction.teacher.kind=self", "bootstrap.informed_share=0.5")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    shown = [example["privileged"] for example in project.read("04_training/default/iter_0/examples.jsonl")]
    assert [bool(block) for block in shown] == [False] * 6 + [True] * 3
    corrections = [
        correction
        for corrected in project.read("03_corrections/default/iter_1/corrections.jsonl")
        for correction in corrected["corrections"]
    ]
    assert {correction["teacher"] for correction in corrections} == {"self-50-pi_0"}
    taught = project.read("04_training/default/iter_1/examples.jsonl")
    assert not any(example["privileged"] for example in taught)


def test_preferences_are_learnt_after_the_supervised_part_and_reach_mlflow(tiny_base: Path, tmp_path: Path) -> None:
    project = LoopProject(tmp_path / "project", tiny_base)
    finished = project.run("training.method=sft_dpo")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    report = project.read("04_training/default/iter_1/training_report.json")
    replies = [
        target
        for example in project.read("04_training/default/iter_1/training_set.jsonl")
        if example["iteration"] == 1
        for target in example["targets"]
    ]
    dpo = report["dpo"]
    assert dpo["pairs"] > 0
    assert dpo["pairs"] + dpo["equal_replies"] + dpo["replies_alone"] == len(replies)
    assert (report["method"], report["start"], dpo["start"]) == ("sft_dpo", "pi_0", "pi_1")
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        logged = dict(database.execute("select key, value from latest_metrics where key like 'training/dpo/%'"))
    assert logged["training/dpo/pairs"] == dpo["pairs"]
    assert logged["training/dpo/preference/rewards/margins"] == dpo["preference"]["rewards/margins"]


def test_any_saved_policy_is_evaluated_on_any_split(finished_project: LoopProject, tmp_path: Path) -> None:
    project = finished_project.copy(tmp_path / "project")
    chosen = f"{project.parameters},options.policy=models:/leap-default@champion,options.split=valid_unseen"
    done = project.kedro("run", "--pipelines=evaluation", "--env=test", f"--params={chosen}")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (project.folder / "data/06_evaluation/default/saved").iterdir()
    assert str(path) in done.stdout
    (summary,) = json.loads(path.read_text())
    assert summary["conditions"]["split"] == "valid_unseen"
    assert summary["success"].keys() == {"count", "total", "rate", "low", "high"}
    assert summary["success"]["total"] == 3
    assert summary["mean_actions"] > 0
    assert sum(kind["success"]["total"] for kind in summary["by_kind"]) == 3


def canonical(records: list[dict[str, Any]]) -> list[str]:
    """Records without what the clock or the order of ends decides."""
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def losses(project: LoopProject) -> list[tuple[str, int, float]]:
    """All points of the loss in MLflow, by run and step."""
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        found = database.execute("select run_uuid, step, value from metrics where key = 'training/losses'")
        return sorted(found.fetchall())


def mlflow_runs(project: LoopProject) -> set[str]:
    """Ids of all MLflow runs of the project."""
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        return {run for (run,) in database.execute("select run_uuid from runs")}
