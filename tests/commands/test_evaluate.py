"""`kedro leap evaluate`: any policy on any split, also while the experiment is in use."""

from pathlib import Path

import pytest
from loop_project import LoopProject

from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.lock import locked

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    return finished_project.copy(tmp_path_factory.mktemp("evaluate") / "project")


def test_the_champion_of_mlflow_is_evaluated_on_a_split(project: LoopProject) -> None:
    with locked(Experiment(project.folder / "data", "default")):
        chosen = ("--policy=models:/leap-default@champion", "--split=valid_unseen")
        result = project.call("leap", "evaluate", *chosen, *project.given("seed=5"))
    assert result.exit_code == 0, result.output
    (path,) = (project.folder / "data/06_evaluation/default/saved").iterdir()
    assert path.name in result.output.replace("\n", "")
    (summary,) = project.read(f"06_evaluation/default/saved/{path.name}")
    assert summary["conditions"]["split"] == "valid_unseen"
    assert summary["success"].keys() == {"count", "total", "rate", "low", "high"}
    assert summary["success"]["total"] == 3
    assert summary["mean_actions"] > 0
    assert sum(kind["success"]["total"] for kind in summary["by_kind"]) == 3


def test_all_policies_of_the_experiment_are_evaluated_where_none_is_named(project: LoopProject) -> None:
    """By plain `kedro run`, with an option as a parameter."""
    result = project.call("run", "--pipelines=evaluation", *project.given("options.tasks=2", "options.report=all"))
    assert result.exit_code == 0, result.output
    summaries = project.read("06_evaluation/default/saved/all.json")
    assert [each["policy"] for each in summaries] == ["pi_0", "pi_1"]
    assert {each["success"]["total"] for each in summaries} == {2}


def test_an_unknown_policy_is_named(project: LoopProject, tmp_path: Path) -> None:
    result = project.call("leap", "evaluate", f"--policy={tmp_path / 'nowhere'}", *project.given())
    assert result.exit_code == 1
    assert str(tmp_path / "nowhere") in result.output.replace("\n", "")
