"""`kedro leap run`: one iteration after the other, and a fresh start."""

import sqlite3
from pathlib import Path

import pytest
from loop_project import LoopProject


def test_the_number_of_the_iteration_is_not_to_be_given(empty_project: LoopProject) -> None:
    result = empty_project.call("leap", "run", "--params=iteration=2")
    assert result.exit_code == 1
    assert "`iteration`" in result.output
    assert "kedro run --params=iteration=K" in result.output


@pytest.mark.slow
def test_it_runs_up_to_the_last_iteration_and_then_shows_the_results(
    finished_project: LoopProject, tmp_path: Path, trainings: list[Path]
) -> None:
    project = finished_project.copy(tmp_path / "project")
    command = ("leap", "run", "--iterations=3", *project.given())
    result = project.call(*command)
    assert result.exit_code == 0, result.output
    assert [folder.parent.name for folder in trainings] == ["iter_2", "iter_3"]
    for k in (2, 3):
        manifest = project.read(f"00_experiments/default/iter_{k}/manifest.json")
        assert manifest["parent"]["policy"] == f"pi_{k - 1}"
    before = project.written()
    again = project.call(*command)
    assert again.exit_code == 0
    assert project.written() == before
    assert all(policy in again.output for policy in ("base", "pi_0", "pi_1", "pi_2", "pi_3"))


@pytest.mark.slow
def test_fresh_asks_before_it_deletes_files_and_sets_the_runs_of_mlflow_aside(
    finished_project: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = finished_project.copy(tmp_path / "project")
    command = ("leap", "run", "--fresh", *project.given())
    before = project.written()
    result = project.call(*command, answer="n\n")
    assert result.exit_code == 1
    assert str(project.folder / "data/05_policies/default") in result.output.replace("\n", "")
    assert project.written() == before
    monkeypatch.setattr("leap_kedro.commands.running.Project.run", refuse)
    assert project.call(*command, "--yes").exit_code == 1
    assert project.written() == {}
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        retired = database.execute("select count(*) from tags where key = 'leap.retired'").fetchone()[0]
        aliases = database.execute("select alias from registered_model_aliases").fetchall()
    assert retired == 2
    assert not aliases


def refuse(*_: object) -> None:
    raise SystemExit(1)
