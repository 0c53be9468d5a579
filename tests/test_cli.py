"""`kedro leap ...` on a project whose experiment has run iteration 1."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project
from loop_project import LoopProject

from leap_kedro.cli import cli


@pytest.fixture
def project(finished_project: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    return finished_project.copy(tmp_path / "project")


def leap(project: LoopProject, *arguments: str, answer: str = "") -> Result:
    metadata = bootstrap_project(project.folder)
    return CliRunner(env={"COLUMNS": "160"}).invoke(cli, ["leap", *arguments], obj=metadata, input=answer)


def test_status_lists_experiments_with_their_champions(project: LoopProject) -> None:
    result = leap(project, "status")
    assert result.exit_code == 0
    assert "default" in result.output
    assert "pi_" in result.output


def test_what_is_finished_is_shown_and_not_run_again(project: LoopProject) -> None:
    result = leap(project, "run", "--iterations=1", "--env=test", f"--params={project.parameters}")
    assert result.exit_code == 0
    assert "Experiment 'default': success %" in result.output


def test_the_iteration_is_not_to_be_given(project: LoopProject) -> None:
    result = leap(project, "run", "--params=iteration=2")
    assert result.exit_code == 1
    assert "kedro run --params=iteration=K" in result.output


def test_fresh_asks_before_it_deletes(project: LoopProject) -> None:
    arguments = ("run", "--fresh", "--env=test", f"--params={project.parameters}")
    result = leap(project, *arguments, answer="n\n")
    assert result.exit_code == 1
    assert "Delete experiment 'default'?" in result.output
    assert (project.folder / "data/05_policies/default/iter_1/policy/_SUCCESS").is_file()
