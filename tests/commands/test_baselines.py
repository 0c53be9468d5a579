"""`kedro leap baselines`: other players beside the loop's policies, with a server in this process."""

import json
from pathlib import Path

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from loop_project import LoopProject

pytestmark = pytest.mark.slow

FOLDER = "06_evaluation/default/baselines"
REPORTS = "07_reports/default/seed_0"
PROMPTED = f"{FOLDER}/prompted_episodes.jsonl"
PLAYERS = ["random", "base", "openai:m 0-shot", "openai:m 2-shot"]
PLAYERS += ["behaviour_cloning", "unprivileged_expert", "privileged_expert"]


CONSTRAINING = ("structured_outputs", "response_format")


def answer(call: Call) -> Reply:
    for field in CONSTRAINING:
        if field in call.body:
            return fails(400, f"Unrecognized request argument supplied: {field}")
    return says("REASON: I see what there is.\nACTION: inventory")


@pytest.fixture(scope="module")
def compared(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A project with all baselines; what was printed is in `output.txt`."""
    project = finished_project.copy(tmp_path_factory.mktemp("baselines") / "project")
    before = project.contents()
    with FakeServer(answer) as server:
        given = project.given(f"server.base_url={server.base_url}")
        result = project.call("leap", "baselines", "--policy=openai:m", *given)
    assert result.exit_code == 0, result.output
    understood = [call.body for call in server.calls if not set(CONSTRAINING) & set(call.body)]
    asked = [json.dumps(body, sort_keys=True) for body in understood]
    assert len(asked) == len(set(asked)) == 2 * 4 * 9
    assert before.items() <= project.contents().items()
    (project.folder / "output.txt").write_text(result.output)
    return project


def test_all_players_play_the_tasks_of_the_evaluation_with_its_cap(compared: LoopProject) -> None:
    evaluated = compared.read("06_evaluation/default/iter_0/pi_0_evaluation_episodes.jsonl")
    expected = sorted(each["task"]["id"] for each in evaluated)
    for store in ("random", "unprivileged_expert", "privileged_expert"):
        played = compared.read(f"{FOLDER}/{store}_episodes.jsonl")
        assert sorted(each["task"]["id"] for each in played) == expected
    for player in ("openai:m 0-shot", "openai:m 2-shot"):
        played = [each for each in compared.read(PROMPTED) if each["policy"] == player]
        assert sorted(each["task"]["id"] for each in played) == expected
        assert {len(each["steps"]) for each in played} == {4}
    summaries = compared.read(f"{REPORTS}/baselines_summary.json")
    assert list(dict.fromkeys(each["policy"] for each in summaries)) == PLAYERS
    assert {each["conditions"]["max_actions"] for each in summaries} == {4}
    shown = (compared.folder / "output.txt").read_text()
    how = "Not held to the admissible actions (shown the admissible actions)"
    assert f"{how}: openai:m 0-shot, openai:m 2-shot" in shown


def test_table_and_chart_are_there(compared: LoopProject) -> None:
    folder = compared.folder / "data" / REPORTS
    header, *rows = (folder / "baselines_table.csv").read_text().splitlines()
    assert header.startswith("policy,split,kind,success,low,high,episodes,mean_actions")
    assert sum(row.split(",")[2] == "all" for row in rows) == 3 * len(PLAYERS)
    assert json.loads((folder / "baselines_figure.json").read_text())["data"]


def test_mlflow_has_a_child_run(compared: LoopProject) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{compared.folder / 'mlflow.db'}")
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
    reports = {Path(artifact.path).name for artifact in client.list_artifacts(child.info.run_id, "reports")}
    assert reports == {"baselines_table.csv", "baselines_figure.html"}


def test_another_policy_is_added_and_no_call_is_repeated(compared: LoopProject, tmp_path: Path) -> None:
    """By plain `kedro run`, with the options as parameters."""
    project = compared.copy(tmp_path / "project")
    before = compared.read(PROMPTED)
    with FakeServer(answer) as server:
        given = project.given(f"server.base_url={server.base_url}", "options.policies=openai:n")
        added = project.call("run", "--pipelines=baselines", *given)
    assert added.exit_code == 0, added.output
    assert {call.body["model"] for call in server.calls} == {"n"}
    policies = list(dict.fromkeys(each["policy"] for each in project.read(f"{REPORTS}/baselines_summary.json")))
    assert policies == [*PLAYERS[:4], "openai:n 0-shot", "openai:n 2-shot", *PLAYERS[4:]]
    assert project.read(PROMPTED)[: len(before)] == before


def test_a_student_that_reads_no_examples_is_refused(compared: LoopProject, tiny_base: Path) -> None:
    result = compared.call("leap", "baselines", f"--policy={tiny_base}", *compared.given())
    assert result.exit_code == 1
    assert "embedded student" in result.output
