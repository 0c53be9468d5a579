"""What the session refuses before it runs anything, and what it says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.startup import bootstrap_project
from kedro.runner import ThreadRunner
from leap_kedro.session import LeapSession
from loop_project import LoopProject

from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.lock import locked
from leap_kedro.records import UserError


@pytest.fixture
def project(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A project in which nothing was run."""
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    project = LoopProject(tmp_path / "project", tiny_base)
    bootstrap_project(project.folder)
    return project


def refusal(project: LoopProject, pipelines: list[str] | None = None, **parameters: Any) -> str:
    session = LeapSession.create(project.folder, env="test", runtime_params=parameters)
    with pytest.raises(UserError) as caught, session:
        session.run(pipeline_names=pipelines)
    return str(caught.value)


def test_an_iteration_without_the_one_before_is_refused_with_the_command_that_makes_it(project: LoopProject) -> None:
    Experiment(project.folder / "data", "first").write_manifest(1, {})
    message = refusal(project, experiment="first", iteration=5)
    assert "needs iteration 4, which is not finished; the next one to run is 2" in message
    assert "kedro leap run --env=test --experiment=first --iterations=5" in message


def test_a_wrong_parameter_is_refused_with_the_place_it_comes_from(project: LoopProject) -> None:
    assert "`fine_tuning.learning_rate` is -1: should be greater than 0 (given by --params)" in refusal(
        project, fine_tuning={"learning_rate": -1}
    )
    overriding = project.folder / "conf" / "test" / "parameters_mine.yml"
    overriding.write_text("aggregation:\n  mxi: all\n")
    message = refusal(project)
    assert "unknown parameter `aggregation.mxi` (conf/test/parameters_mine.yml)" in message
    assert "Did you mean `aggregation.mix`?" in message
    assert not (project.folder / "data" / "00_experiments").exists()


def test_a_parameter_of_an_environments_file_is_refused_with_that_file(project: LoopProject) -> None:
    for folder, wrong in (("base", "rollout: {slosts: 1}"), ("test", "evaluation: {slosts: 1}")):
        (project.folder / "conf" / folder / "environments").mkdir(exist_ok=True)
        (project.folder / "conf" / folder / "environments" / "alfworld.yml").write_text(wrong)
    message = refusal(project)
    assert "unknown parameter `rollout.slosts` (conf/base/environments/alfworld.yml)" in message
    assert "unknown parameter `evaluation.slosts` (conf/test/environments/alfworld.yml)" in message


def test_an_unknown_environment_is_refused_with_the_one_that_was_meant(project: LoopProject) -> None:
    message = refusal(project, environment="webshp")
    assert "Did you mean 'webshop'?" in message
    assert "(given by --params)" in message
    assert "missing" not in message


def test_an_unknown_kedro_environment_is_refused_with_those_there_are(project: LoopProject) -> None:
    session = LeapSession.create(project.folder, env="tset")
    with pytest.raises(UserError, match=r"conf/tset.*--env=tset.*base, gpu, local, .*, test"), session:
        session.run()


def test_a_stage_whose_input_is_not_there_is_refused_with_the_command_that_makes_it(project: LoopProject) -> None:
    message = refusal(project, ["rollout"])
    assert "No finished policy in" in message
    assert "kedro run --pipelines=leap_iteration" in message


def test_a_part_of_the_ablation_is_refused(project: LoopProject) -> None:
    session = LeapSession.create(project.folder, env="test")
    with pytest.raises(RunRefused, match=r"as a whole.*08_ablation/default/seed_0"), session:
        session.run(pipeline_names=["realizability_ablation"], tags=["level_50"])


def test_an_unknown_node_is_refused(project: LoopProject) -> None:
    session = LeapSession.create(project.folder, env="test")
    with pytest.raises(RunRefused, match=r"train_polic.*kedro registry describe"), session:
        session.run(from_nodes=["train_polic"])


def test_a_second_run_on_the_same_experiment_is_refused(project: LoopProject) -> None:
    with locked(Experiment(project.folder / "data", "default")):
        assert re.search(r"in use: the process with pid \d+ is running it", refusal(project))


def test_other_parameters_on_an_existing_experiment_are_refused(project: LoopProject) -> None:
    experiment = Experiment(project.folder / "data", "default")
    refusal(project, iteration=2)
    record = experiment.record_folder / "experiment.json"
    assert not record.exists()
    record.write_text(json.dumps({"parameters": {"seed": 3}}))
    (project.folder / "data" / "01_tasks" / "default").mkdir(parents=True)
    message = refusal(project)
    assert "seed: 3 -> 0" in message
    assert "kedro leap run --env=test --fresh --experiment=default" in message


def test_a_data_folder_that_cannot_be_written_is_named(project: LoopProject) -> None:
    (project.folder / "data").rmdir()
    (project.folder / "data").touch()
    message = refusal(project)
    assert f"Cannot write {project.folder}/data/00_experiments/default" in message
    assert "run the same command again" in message


def test_other_runners_are_refused(project: LoopProject) -> None:
    session = LeapSession.create(project.folder, env="test")
    with pytest.raises(RunRefused, match=r"ThreadRunner is not supported"), session:
        session.run(runner=ThreadRunner())


def test_official_games_that_are_not_there_are_named_with_the_command_that_gets_them(project: LoopProject) -> None:
    options = {"alfworld": {"source": "official", "data_root": str(project.folder / "nowhere")}}
    message = refusal(project, ["data_preparation"], environments=options)
    assert "nowhere" in message
    assert "alfworld-download" in message


def test_an_interruption_says_that_the_same_command_continues(
    project: LoopProject, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kedro.framework.session.KedroSession.run", interrupted)
    session = LeapSession.create(project.folder, env="test")
    with pytest.raises(KeyboardInterrupt), session:
        session.run()
    assert "Interrupted. What is finished is kept: the same command continues." in caplog.text


def test_what_runs_nothing_needs_neither_mlflow_nor_conf_local(
    project: LoopProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    (project.folder / "conf" / "local").rmdir()
    with LeapSession.create(project.folder) as session:
        assert "policy" in session.load_context().catalog


def test_an_evaluation_of_an_experiment_that_is_no_folders_name_is_refused(project: LoopProject) -> None:
    assert "expected letters" in refusal(project, ["evaluation"], experiment="../../elsewhere")
