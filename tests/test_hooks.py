"""What the hooks refuse before anything runs, and what a refusal names. Nothing here plays or trains."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from loop_project import UNWANTED, LoopProject, finish

from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.lock import locked
from leap_kedro.experiments.record import check_parameters
from leap_kedro.pipelines.bootstrap.base import embedded_base
from leap_kedro.records import UserError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A project in which nothing was run; this process is in its folder."""
    for name in UNWANTED:
        monkeypatch.delenv(name, raising=False)
    made = LoopProject(tmp_path / "project", embedded_base("alfworld"))
    monkeypatch.chdir(made.folder)
    bootstrap_project(made.folder)
    return made


def refusal(project: LoopProject, *pipelines: str, env: str = "test", **parameters: Any) -> str:
    """The message with which a run is refused."""
    session = KedroSession.create(project.folder, env=env, runtime_params=parameters)
    with pytest.raises(UserError) as caught, session:
        session.run(pipeline_names=list(pipelines) or None)
    return str(caught.value)


def test_an_iteration_needs_the_one_before(project: LoopProject) -> None:
    finish(project.folder / "data", "first", 1)
    message = refusal(project, experiment="first", iteration=5)
    assert "needs iteration 4" in message
    assert "kedro leap run --env=test --experiment=first --iterations=5" in message


def test_a_wrong_parameter_is_named_with_the_place_it_comes_from(project: LoopProject) -> None:
    message = refusal(project, fine_tuning={"learning_rate": -1})
    assert "`fine_tuning.learning_rate` is -1" in message
    assert "--params" in message
    overriding = project.folder / "conf" / "test" / "parameters_mine.yml"
    overriding.write_text("aggregation:\n  mxi: all\n")
    message = refusal(project)
    assert "`aggregation.mxi`" in message
    assert "conf/test/parameters_mine.yml" in message
    assert "Did you mean `aggregation.mix`?" in message
    assert not (project.folder / "data" / "00_experiments").exists()


def test_a_parameter_of_an_environments_file_is_named_with_that_file(project: LoopProject) -> None:
    for folder, wrong in (("base", "rollout: {slosts: 1}"), ("test", "evaluation: {slosts: 1}")):
        (project.folder / "conf" / folder / "environments").mkdir(exist_ok=True)
        (project.folder / "conf" / folder / "environments" / "alfworld.yml").write_text(wrong)
    message = refusal(project)
    for name, folder in (("rollout.slosts", "base"), ("evaluation.slosts", "test")):
        (line,) = (line for line in message.splitlines() if name in line)
        assert f"conf/{folder}/environments/alfworld.yml" in line


def test_an_unknown_environment_is_named_with_the_one_that_was_meant(project: LoopProject) -> None:
    message = refusal(project, environment="webshp")
    assert "'webshop'" in message
    assert "--params" in message


def test_an_unknown_kedro_environment_is_named_with_those_there_are(project: LoopProject) -> None:
    message = refusal(project, env="tset")
    assert all(name in message for name in ("--env=tset", "conf/tset", "base", "gpu", "test"))


def test_a_second_run_on_the_same_experiment_is_refused(project: LoopProject) -> None:
    with locked(Experiment(project.folder / "data", "default")):
        message = refusal(project)
    assert "'default' is in use" in message


def test_a_refused_run_gives_the_experiment_back(project: LoopProject) -> None:
    experiment = Experiment(project.folder / "data", "default")
    refusal(project, iteration=2)
    assert not (experiment.record_folder / "experiment.json").exists()
    with locked(experiment):
        pass


def test_other_parameters_on_an_existing_experiment_are_refused(project: LoopProject) -> None:
    experiment = Experiment(project.folder / "data", "default")
    (project.folder / "data" / "01_tasks" / "default").mkdir(parents=True)
    check_parameters(experiment, {"seed": 3})
    message = refusal(project)
    assert "seed: 3 -> 0" in message
    assert "kedro leap run --env=test --fresh --experiment=default" in message
    assert "--params=experiment=NAME" in message
    message = refusal(project, seed=4, server={"extra": {"api_key": "geheim"}})
    assert "geheim" not in message
    given = "seed=4,server.extra.api_key=[redacted]"
    assert f"--params=experiment=NAME,{given}\n" in message
    assert f"--fresh --experiment=default --params={given} " in message


def test_a_data_folder_that_cannot_be_written_is_named(project: LoopProject) -> None:
    (project.folder / "data").rmdir()
    (project.folder / "data").touch()
    assert f"{project.folder}/data/00_experiments/default" in refusal(project)


def test_official_games_that_are_missing_are_named_with_the_command_that_gets_them(project: LoopProject) -> None:
    options = {"alfworld": {"source": "official", "data_root": str(project.folder / "nowhere")}}
    message = refusal(project, "data_preparation", environments=options)
    assert "nowhere" in message
    assert "alfworld-download" in message


def test_a_name_that_cannot_be_a_folders_is_refused_whatever_runs(project: LoopProject) -> None:
    for pipeline in ("evaluation", "leap_iteration"):
        assert "`experiment` is '../../elsewhere'" in refusal(project, pipeline, experiment="../../elsewhere")


def test_what_runs_nothing_needs_neither_mlflow_nor_conf_local(
    project: LoopProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    shutil.rmtree(project.folder / "conf" / "local")
    with KedroSession.create(project.folder) as session:
        assert "policy" in session.load_context().catalog


def test_a_run_that_is_refused_leaves_no_trace_in_mlflow(project: LoopProject) -> None:
    refusal(project, iteration=2)
    assert not (project.folder / "mlflow.db").exists()


def test_hooks_need_a_context(project: LoopProject) -> None:
    from leap_kedro.hooks import ExperimentHooks

    with pytest.raises(RuntimeError, match="after_context_created"):
        ExperimentHooks().before_pipeline_run({"pipeline_names": None}, None, None)  # type: ignore[arg-type]
