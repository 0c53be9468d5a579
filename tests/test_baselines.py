"""The baselines end to end: `kedro run` in another process, a server in this one."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from language_models.fake_server import Call, FakeServer, Reply, says
from loop_project import Finished, LoopProject

KILLING = """
import os, signal
from itertools import count
from leap_kedro.datasets.store import GrowingStoreDataset

save, saved = GrowingStoreDataset.save, count(1)
def save_some(self, data):
    save(self, data)
    if self._path.name == "prompted.jsonl" and next(saved) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
GrowingStoreDataset.save = save_some
"""
RUNNING = "from kedro.framework.cli import main\nmain()\n"
FOLDER = "06_evaluation/default/baselines"
PLAYERS = ["random", "base", "openai:m 0-shot", "openai:m 2-shot"]
PLAYERS += ["behaviour_cloning", "unprivileged_expert", "privileged_expert"]


def answer(call: Call) -> Reply:
    return says("REASON: I see what there is.\nACTION: inventory")


def run(project: LoopProject, *parameters: str, patch: str = "") -> Finished:
    given = ",".join([project.parameters, *parameters])
    return project.kedro("run", "--env=test", "--pipelines=baselines", f"--params={given}", script=patch + RUNNING)


@pytest.fixture(scope="module")
def compared(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> tuple[LoopProject, FakeServer]:
    """A project with all baselines, killed on the way and finished by the same command."""
    project = finished_project.copy(tmp_path_factory.mktemp("baselines") / "project")
    before = written(project)
    with FakeServer(answer) as server:
        react = (f"server.base_url={server.base_url}", "options.policies=openai:m")
        killed = run(project, *react, patch=KILLING)
        assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
        finished = run(project, *react)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (project.folder / "output.txt").write_text(finished.stdout)
    assert before.items() <= written(project).items()
    return project, server


def written(project: LoopProject) -> dict[str, int]:
    """When each file of the loop was written, by path."""
    data = project.folder / "data"
    return {
        str(path): path.stat().st_mtime_ns
        for path in data.rglob("*")
        if path.is_file() and path.name not in ("run.lock", "run.pid", "output.txt")
    }


def episodes(project: LoopProject, store: str) -> list[dict[str, Any]]:
    return project.read(f"{FOLDER}/{store}.jsonl")


def test_all_players_play_the_tasks_of_the_evaluation_with_its_cap(compared: tuple[LoopProject, FakeServer]) -> None:
    project, _ = compared
    expected = {each["task"]["id"] for each in project.read("06_evaluation/default/iter_0/episodes.jsonl")}
    for store in ("random", "unprivileged_expert", "privileged/episodes"):
        assert {each["task"]["id"] for each in episodes(project, store)} == expected
    for player in ("openai:m 0-shot", "openai:m 2-shot"):
        played = [each for each in episodes(project, "prompted") if each["policy"] == player]
        assert sorted(each["task"]["id"] for each in played) == sorted(expected)
        assert {len(each["steps"]) for each in played} == {4}
    summaries = project.read(f"{FOLDER}/baselines.json")
    assert list(dict.fromkeys(each["policy"] for each in summaries)) == PLAYERS
    assert {each["conditions"]["max_actions"] for each in summaries} == {4}
    shown = (project.folder / "output.txt").read_text()
    assert "Free replies, not held to the admissible list: openai:m 0-shot, openai:m 2-shot" in shown


def test_killed_in_between_no_call_is_repeated(compared: tuple[LoopProject, FakeServer]) -> None:
    _, server = compared
    asked = [json.dumps(call.body, sort_keys=True) for call in server.calls]
    assert len(asked) == len(set(asked)) == 2 * 4 * 9


def test_table_and_chart_are_there(compared: tuple[LoopProject, FakeServer]) -> None:
    project, _ = compared
    folder = project.folder / "data/07_reports/default/baselines"
    header, *rows = (folder / "baselines.csv").read_text().splitlines()
    assert header.startswith("policy,split,kind,success,low,high,episodes,mean_actions")
    assert sum(row.split(",")[2] == "all" for row in rows) == 3 * len(PLAYERS)
    assert json.loads((folder / "baselines.json").read_text())["data"]


def test_mlflow_has_a_child_run(compared: tuple[LoopProject, FakeServer]) -> None:
    from mlflow import MlflowClient

    project, _ = compared
    client = MlflowClient(f"sqlite:///{project.folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("leap_kedro")
    assert experiment
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"default", "default iteration 1", "default baselines"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    child = runs["default baselines"]
    assert child.data.tags["mlflow.parentRunId"] == runs["default"].info.run_id
    assert child.data.metrics["success/valid_seen/privileged_expert"] >= 0
    assert child.data.metrics["validation/openai:m 2-shot/mean_actions"] == 4
    assert "| openai:m 2-shot | 0.0 % (0.0 to 49.0) of 4 |" in child.data.tags["mlflow.note.content"]
    assert child.data.params["options.policies"] == "openai:m"
    reports = {artifact.path for artifact in client.list_artifacts(child.info.run_id, "reports")}
    assert reports == {"reports/baselines.csv", "reports/baselines.html"}


def test_another_policy_is_added_beside_the_first(
    compared: tuple[LoopProject, FakeServer], tmp_path: Path, tiny_base: Path
) -> None:
    project = compared[0].copy(tmp_path / "project")
    before = episodes(project, "prompted")
    refused = run(project, f"options.policies={tiny_base}")
    assert refused.returncode == 1
    assert "The embedded student reads no examples in its prompt" in refused.stderr + refused.stdout
    assert "Traceback" not in refused.stderr + refused.stdout
    with FakeServer(answer) as server:
        added = run(project, f"server.base_url={server.base_url}", "options.policies=openai:n")
    assert added.returncode == 0, added.stdout + added.stderr
    policies = [each["policy"] for each in project.read(f"{FOLDER}/baselines.json")]
    assert list(dict.fromkeys(policies)) == [
        *PLAYERS[:4],
        "tiny_base 0-shot",
        "openai:n 0-shot",
        "openai:n 2-shot",
        *PLAYERS[4:],
    ]
    assert episodes(project, "prompted")[: len(before)] == before
