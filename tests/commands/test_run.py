"""`kedro run`: what it refuses, and that nothing finished is made again, whichever nodes and runner run."""

from pathlib import Path

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.runner import SequentialRunner, ThreadRunner
from loop_project import UNWANTED, LoopProject

KEPT = ("rollouts.jsonl", "corrections.jsonl", "_episodes.jsonl", ".safetensors", "training_report.json")
"""Ends of the names of stores, weights and reports of trainings, which are not even written again."""


def test_an_unknown_pipeline_is_refused_with_the_command_that_lists_them(empty_project: LoopProject) -> None:
    result = empty_project.call("run", "--pipelines=leap_iteraton")
    assert result.exit_code == 1
    assert "'leap_iteraton'" in result.output
    assert "kedro registry list" in result.output


def test_a_stage_whose_input_is_missing_names_it_and_the_command_that_makes_it(
    empty_project: LoopProject, caplog: pytest.LogCaptureFixture
) -> None:
    for missing in ("data/01_tasks/default/train.jsonl", "`bootstrap`"):
        result = empty_project.call("run", "--pipelines=rollout", *empty_project.given())
        assert result.exit_code == 1
        assert missing in result.output.replace("\n", "")
        assert "kedro run --pipelines=leap_iteration" in result.output
        assert "Run the same command again" in caplog.text
        made = empty_project.call("run", "--pipelines=data_preparation", *empty_project.given())
        assert made.exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
def test_all_nodes_again_make_no_episode_no_correction_and_no_training_again(
    finished_project: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainings: list[Path], runner: type
) -> None:
    project = finished_project.copy(tmp_path / "project")
    for name in UNWANTED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(project.folder)
    bootstrap_project(project.folder)
    written, contents = kept(project), project.contents()
    base = project.parameters.partition("=")[2]
    given = {"bootstrap": {"base": base}, "iteration": 1}
    with KedroSession.create(project.folder, env="test", runtime_params=given) as session:
        session.run(pipeline_names=["leap_iteration"], runner=runner())
    assert kept(project) == written
    seconds = "00_experiments/default/iter_1/seconds.json"
    assert {**project.contents(), seconds: ""} == {**contents, seconds: ""}
    assert not trainings


@pytest.mark.slow
def test_chosen_nodes_run_even_if_their_outputs_exist(
    finished_project: LoopProject, tmp_path: Path, trainings: list[Path]
) -> None:
    project = finished_project.copy(tmp_path / "project")
    before = project.written()
    chosen = ("--from-nodes=training.train_policy", "--to-nodes=evaluation.summarize_evaluation")
    result = project.call("run", *chosen, *project.given("iteration=1"))
    assert result.exit_code == 0, result.output
    changed = {path for path, time in project.written().items() if before.get(path) != time}
    assert "06_evaluation/default/iter_1/evaluation.json" in changed
    assert "02_episodes/default/iter_1/rollouts.jsonl" not in changed
    assert not trainings


@pytest.mark.slow
def test_a_finished_iteration_that_is_asked_for_is_left_alone(finished_project: LoopProject, tmp_path: Path) -> None:
    project = finished_project.copy(tmp_path / "project")
    before = project.written()
    result = project.call("run", *project.given("iteration=1"))
    assert result.exit_code == 0, result.output
    assert project.written() == before


def kept(project: LoopProject) -> dict[str, int]:
    """When stores, weights and reports of trainings were written."""
    return {path: time for path, time in project.written().items() if path.endswith(KEPT)}
