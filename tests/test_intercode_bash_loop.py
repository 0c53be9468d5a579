"""One iteration on InterCode Bash by `kedro run`: the same pipeline, commands in sandboxes."""

import re
import sqlite3
from typing import Any

import psutil
import pytest
from bash_sandboxes import runtime_or_skip
from loop_project import LoopProject

from leap_kedro.pipelines.bootstrap.nodes import embedded_base


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A project whose experiment `bash` has run iteration 1, from the base that is shipped."""
    runtime_or_skip()
    made = LoopProject(tmp_path_factory.mktemp("bash") / "project", embedded_base("intercode_bash"))
    done = made.run("environment=intercode_bash", "experiment=bash")
    assert done.returncode == 0, done.stdout + done.stderr
    (made.folder / "output.txt").write_text(done.stdout)
    return made


def test_the_table_shows_success_and_score(project: LoopProject) -> None:
    table = (project.folder / "output.txt").read_text()
    assert "success % (95 % interval) / mean score / mean actions" in table
    assert "free replies" in table
    assert "Mean score and its parts, of 100 (95 % interval, bootstrap)" in table
    assert re.search(r"pi_1 +│ test +│ +\d+\.\d \(\d+\.\d-\d+\.\d\) │", table)


def test_commands_are_taught(project: LoopProject) -> None:
    taught: list[dict[str, Any]] = [
        target for example in project.read("04_training/bash/iter_0/examples.jsonl") for target in example["targets"]
    ]
    actions = {target["action"] for target in taught}
    assert "submit" in actions
    assert len(actions) > 3
    corrected = project.read("03_corrections/bash/iter_1/corrections.jsonl")
    made = [correction for each in corrected for correction in each.get("corrections", ())]
    assert [correction for correction in made if correction["rejection"] is None]


def test_mlflow_has_the_parts_of_the_score(project: LoopProject) -> None:
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        keys = {key for (key,) in database.execute("SELECT DISTINCT key FROM metrics")}
    for split in ("validation", "test"):
        for part in ("file_diff", "file_changes", "answer_similarity"):
            assert f"{split}/score_parts/{part}" in keys


def test_nothing_is_left_of_its_sandboxes(project: LoopProject) -> None:
    assert (project.folder / "output.txt").is_file()
    parent = runtime_or_skip().host.scratch.parent  # type: ignore[attr-defined]
    owners = [int(path.name.partition("-")[0]) for path in parent.iterdir() if path.is_dir()]
    assert [pid for pid in owners if not psutil.pid_exists(pid)] == []
