"""One iteration on WebShop by `kedro run`: the same pipeline, another environment."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from loop_project import LoopProject

from leap_kedro.pipelines.bootstrap.nodes import embedded_base


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A project whose experiment `shop` has run iteration 1, from the base that is shipped."""
    made = LoopProject(tmp_path_factory.mktemp("webshop") / "project", embedded_base("webshop"))
    done = made.run("environment=webshop", "experiment=shop")
    assert done.returncode == 0, done.stdout + done.stderr
    (made.folder / "output.txt").write_text(done.stdout)
    return made


def test_the_table_shows_success_and_score_and_how_it_was_scored(project: LoopProject) -> None:
    table = (project.folder / "output.txt").read_text()
    assert "success % (95 % interval) / mean score / mean actions" in table
    assert "generated tasks, nouns by" in table


def test_tasks_come_from_shops_of_their_own(project: LoopProject) -> None:
    shops = {
        role: {task["payload"]["shop"] for task in project.read(f"01_tasks/shop/{role}.jsonl")}
        for role in ("train", "validation", "test")
    }
    assert shops == {"train": {"train"}, "validation": {"eval"}, "test": {"test"}}


def test_searches_and_clicks_are_taught(project: LoopProject) -> None:
    taught: list[dict[str, Any]] = [
        target for example in project.read("04_training/shop/iter_0/examples.jsonl") for target in example["targets"]
    ]
    assert {target["action"].partition("[")[0] for target in taught} == {"search", "click"}
    corrected = project.read("03_corrections/shop/iter_1/corrections.jsonl")
    made: list[dict[str, Any]] = [correction for each in corrected for correction in each.get("corrections", ())]
    accepted = [correction["action"] for correction in made if correction["rejection"] is None]
    assert any(action.startswith("search[") for action in accepted)


def test_mlflow_has_the_parts_of_the_score(project: LoopProject) -> None:
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        keys = {key for (key,) in database.execute("SELECT DISTINCT key FROM metrics")}
    for split in ("validation", "test"):
        for part in ("attributes", "options", "type", "price"):
            assert f"{split}/score_parts/{part}" in keys


def test_another_dry_run_of_it_leaves_nothing(project: LoopProject) -> None:
    before = {path for path in project.folder.rglob("*") if path.is_file()}
    done = project.run("environment=webshop", "experiment=other", "options.dry_run=true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The dry run went through" in done.stdout
    assert {path for path in project.folder.rglob("*") if path.is_file()} == before
    assert Path(project.folder / "data" / "01_tasks" / "other").exists() is False
