"""`kedro leap status`: the experiments of a project."""

from loop_project import LoopProject, finish

from leap_kedro.experiments.folders import Experiment


def test_each_experiment_has_its_iterations_and_its_champion(empty_project: LoopProject) -> None:
    data = empty_project.folder / "data"
    champion = {"policy": "pi_1", "success": 0.375}
    for k in (1, 2):
        finish(data, "first", k, {"champion": champion})
    Experiment(data, "second").record_folder.mkdir()
    result = empty_project.call("leap", "status")
    assert result.exit_code == 0
    rows = [line.split() for line in result.output.splitlines()]
    cells = [[word for word in row if word.strip("│")] for row in rows]
    assert ["first", "2", "pi_1", "37.5"] in cells
    assert ["second", "0", "-", "-"] in cells
