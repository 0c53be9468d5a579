"""The loop end to end: `kedro run` on generated games, with tiny budgets; the first one in a process of its own.

One project is killed in each stage, and always continued by the next command.
"""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject

pytestmark = pytest.mark.slow

STORES = {
    "02_episodes/default/iter_1/rollouts.jsonl": 6,
    "03_corrections/default/iter_1/corrections.jsonl": 6,
    "06_evaluation/default/iter_0/base_evaluation_episodes.jsonl": 6,
    "06_evaluation/default/iter_0/pi_0_evaluation_episodes.jsonl": 9,
    "06_evaluation/default/iter_1/evaluation_episodes.jsonl": 9,
}
ROLLOUTS, CORRECTIONS, EVALUATION = (name for name in STORES if "iter_1" in name)
SLOWLY = ("rollout.slots=1", "evaluation.slots=1", "fine_tuning.threads=1")
"""Parameters that change no result: one episode after the other, so that a kill comes in time."""


def test_one_command_runs_an_iteration(finished_project: LoopProject) -> None:
    assert {path: len(finished_project.read(path)) for path in STORES} == STORES
    shown = (finished_project.folder / "stdout.txt").read_text()
    assert re.findall(r"│ (base|pi_0|pi_1)\b", shown) == ["base", "pi_0", "pi_1"]
    assert "(champion)" in shown
    assert f"sqlite:///{finished_project.folder}/mlflow.db" in shown


def test_the_manifest_names_all_that_the_iteration_was_made_of(finished_project: LoopProject) -> None:
    manifest = finished_project.read("00_experiments/default/iter_1/manifest.json")
    assert (manifest["experiment"], manifest["seed"]) == ("default", 0)
    assert manifest["parent"]["policy"] == "pi_0"
    assert {"rollouts", "corrections", "examples", "training_set", "policy"} <= manifest["data"].keys()
    start = finished_project.read("00_experiments/default/iter_0/manifest.json")
    assert {"examples", "policy", "train", "validation", "test"} <= start["data"].keys()
    assert {"kedro", "torch", "transformers", "trl", "mlflow"} <= manifest["packages"].keys()
    assert {"roll_out", "train_policy", "play_evaluation"} <= manifest["seconds"].keys()
    with sqlite3.connect(finished_project.folder / "mlflow.db") as database:
        logged = dict(database.execute("select key, value from latest_metrics where key like 'seconds/%'"))
    assert logged == {f"seconds/{node}": seconds for node, seconds in manifest["seconds"].items()}
    splits = {
        (each["policy"], each["conditions"]["split"]) for each in (*start["evaluations"], *manifest["evaluations"])
    }
    assert splits == {(p, s) for p in ("base", "pi_0", "pi_1") for s in ("validation", "valid_seen", "valid_unseen")}
    assert manifest["champion"]["policy"] in ("pi_0", "pi_1")


def test_tasks_of_the_three_splits_never_mix(finished_project: LoopProject) -> None:
    splits = [
        {task["id"] for task in finished_project.read(f"01_tasks/default/{split}.jsonl")}
        for split in ("train", "validation", "test")
    ]
    assert list(map(len, splits)) == [12, 4, 5]
    assert len(set.union(*splits)) == 21
    rollouts = finished_project.read(ROLLOUTS)
    assert {episode["task"]["id"] for episode in rollouts} <= splits[0]


@pytest.fixture(scope="module")
def killed(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A project whose iteration 1 was killed in every stage, and is finished."""
    project = finished_project.copy(tmp_path_factory.mktemp("killed") / "project")
    for folder in (project.folder / "data").glob("*/default/iter_1"):
        shutil.rmtree(folder)
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        database.execute(
            "delete from metrics where key = 'training/losses' and run_uuid in "
            "(select run_uuid from tags where key = 'leap.iteration' and value = '1')"
        )
    loop = ("leap", "run", "--iterations=1", *project.given(*SLOWLY))
    stock = ("run", *project.given(*SLOWLY))
    data = project.folder / "data"
    workspace = data / "04_training/default/iter_1/workspace"
    policy = data / "05_policies/default/iter_1/policy/_SUCCESS"
    partial = {name: data / f"{name}.partial" for name in STORES}

    project.kill_fork(lambda: lines(partial[ROLLOUTS]) >= 1, *loop)
    stored = partial[ROLLOUTS].read_bytes()
    with partial[ROLLOUTS].open("a") as file:
        file.write('{"task": {"id": "torn by the ki')
    project.kill_fork(lambda: lines(partial[CORRECTIONS]) >= 1, *stock)
    assert (data / ROLLOUTS).read_bytes().startswith(stored)
    corrected = partial[CORRECTIONS].read_bytes()
    project.kill_fork(lambda: any(workspace.glob("checkpoints-*/*/_SUCCESS")), *loop)
    assert (data / CORRECTIONS).read_bytes().startswith(corrected)
    assert not (data / "04_training/default/iter_1/training_report.json").exists()
    project.kill_fork(policy.exists, *loop)
    assert not partial[EVALUATION].exists()
    project.kill_fork(lambda: lines(partial[EVALUATION]) >= 1, *stock)
    played = partial[EVALUATION].read_bytes()
    finished = project.call(*loop)
    assert finished.exit_code == 0, finished.output
    assert (data / EVALUATION).read_bytes().startswith(played)
    return project


def test_killed_in_every_stage_its_results_are_those_of_an_undisturbed_run(
    killed: LoopProject, finished_project: LoopProject
) -> None:
    for path in STORES:
        assert in_order(killed.read(path)) == in_order(finished_project.read(path)), path
    for path in ("04_training/default/iter_1/training_set.jsonl", "06_evaluation/default/iter_1/evaluation.json"):
        assert killed.read(path) == finished_project.read(path)
    undisturbed, continued = (
        project.read("00_experiments/default/iter_1/manifest.json") for project in (finished_project, killed)
    )
    assert continued["data"]["policy"] == undisturbed["data"]["policy"]
    assert continued["champion"] == undisturbed["champion"]


def test_killed_in_every_stage_no_episode_was_played_twice(killed: LoopProject) -> None:
    for path in (ROLLOUTS, EVALUATION):
        played = [episode["task"]["id"] for episode in killed.read(path)]
        assert len(set(played)) == len(played)


def test_killed_in_every_stage_mlflow_has_one_run_with_each_loss_once(
    killed: LoopProject, finished_project: LoopProject
) -> None:
    for query in ("select run_uuid from runs", "select run_uuid, step, value from metrics where key='training/losses'"):
        found = [
            sqlite3.connect(project.folder / "mlflow.db").execute(query).fetchall()
            for project in (killed, finished_project)
        ]
        assert found[0]
        assert sorted(found[0]) == sorted(found[1])


def test_an_experiment_continues_without_the_mlflow_that_it_was_begun_with(killed: LoopProject, tmp_path: Path) -> None:
    """Iteration 2, by plain `kedro run`."""
    project = killed.copy(tmp_path / "project")
    (project.folder / "mlflow.db").unlink()
    finished = project.call("run", *project.given())
    assert finished.exit_code == 0, finished.output
    manifest = project.read("00_experiments/default/iter_2/manifest.json")
    assert manifest["parent"]["policy"] == "pi_1"
    assert not {"train_pi_0", "demonstrate"} & manifest["seconds"].keys()
    first, second = (
        {episode["task"]["id"] for episode in project.read(f"02_episodes/default/iter_{k}/rollouts.jsonl")}
        for k in (1, 2)
    )
    assert not first & second
    mixed = {example["iteration"] for example in project.read("04_training/default/iter_2/training_set.jsonl")}
    assert mixed == {0, 1, 2}
    champion = manifest["champion"]["iteration"]
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        aliases = dict(database.execute("select alias, version from registered_model_aliases"))
    assert aliases["champion"] == aliases[f"pi_{champion}"]


def lines(path: Path) -> int:
    """Whole lines of a file, 0 where it does not exist."""
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def in_order(records: list[dict[str, Any]]) -> list[str]:
    """Records in an order that does not depend on which ended first."""
    return sorted(json.dumps(record, sort_keys=True) for record in records)
