"""The notebook of the project, executed beside a finished iteration."""

from pathlib import Path

import pytest
from loop_project import ROOT, UNWANTED, LoopProject

pytestmark = pytest.mark.slow

NOTEBOOK = ROOT / "notebooks" / "compare_iterations.ipynb"


def test_the_notebook_compares_the_iterations_of_an_experiment(
    finished_project: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbformat
    from nbclient import NotebookClient

    for name in UNWANTED:
        monkeypatch.delenv(name, raising=False)
    project = finished_project.copy(tmp_path / "project")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(project.folder)}}).execute()
    shown = [output["data"] for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    text = "\n".join(data.get("text/plain", "") for data in shown)
    for policy in ("base", "pi_0", "pi_1"):
        assert policy in text
    assert any("application/vnd.plotly.v1+json" in data for data in shown)
    assert "solved by neither" in text
    assert "default iteration 1" in text
    assert "champion" in text
    assert "reason" in text.splitlines()[-2]
