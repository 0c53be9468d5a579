"""The pipeline that rebuilds the base of the embedded student, with a budget of seconds."""

from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject

from leap_kedro.datasets.policy import read_policy


@pytest.mark.slow
def test_the_base_is_rebuilt_and_described(finished_project: LoopProject, tmp_path: Path) -> None:
    project = finished_project.copy(tmp_path / "project")
    done = project.call("run", "--pipelines=base_model", "--env=test")
    assert done.exit_code == 0, done.output
    folder = project.folder / "data" / "05_policies" / "base_model" / "alfworld" / "policy"
    assert read_policy(folder).id == "base"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 5e6
    report: dict[str, Any] = project.read("05_policies/base_model/alfworld/training_report.json")  # type: ignore[assignment]
    measures = report["measures"]
    assert measures["seed"] == 0
    assert measures["games_won"] == 0
    assert all(0 <= accuracy["all"] <= 1 for accuracy in measures["accuracy"].values())
    card = (folder / "README.md").read_text()
    assert "transcripts, seed 0" in card
    assert "| all |" in card
    assert "--params=environment=alfworld" in card
