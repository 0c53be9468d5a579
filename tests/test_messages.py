"""What a user reads when something that the user can fix goes wrong: one message, never a traceback."""

import ast
import builtins
from errno import ENOSPC
from pathlib import Path

import pytest
from kedro.io import DataCatalog, DatasetError, MemoryDataset
from loop_project import LoopProject

import leap_kedro
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.messages import as_user_errors
from leap_kedro.records import UserError

INTERNAL = {
    "Absent",
    "Broken",
    "BrokenAnswer",
    "ClusterFailure",
    "ErrorInAnswer",
    "ExpertStuck",
    "Filtered",
    "Malformed",
    "MalformedGame",
    "ProblemError",
    "Refused",
    "ReplicaGone",
    "Transient",
    "UnreadableOpening",
    "UnreadablePrice",
}
"""Errors that are caught where they are raised from: none of them reaches a user."""


def test_every_error_that_can_reach_a_user_is_a_user_error() -> None:
    others = set()
    for file in Path(leap_kedro.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            bases = [base.id for base in getattr(node, "bases", ()) if isinstance(base, ast.Name)]
            of_python = [getattr(builtins, base, None) for base in bases]
            if of_python and all(isinstance(kind, type) and issubclass(kind, Exception) for kind in of_python):
                others.add(node.name)
    assert {name for name in others if not name.startswith("_")} == INTERNAL


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("base/parameters_mine.yml", ("run", "--env=test")),
        ("local/credentials.yml", ("leap", "run", "--env=test")),
    ],
)
def test_a_configuration_file_that_cannot_be_read_is_named(tmp_path: Path, path: str, command: tuple[str, ...]) -> None:
    project = LoopProject(tmp_path / "project", tmp_path)
    (project.folder / "conf" / path).write_text("openai: {api_key: [sk-secret\n")
    ended = project.call(*command)
    assert ended.exit_code == 1
    assert Path(path).name in ended.output
    assert "sk-secret" not in ended.output


@pytest.mark.slow
def test_a_command_of_kedro_shows_no_traceback_either(tmp_path: Path) -> None:
    project = LoopProject(tmp_path / "project", tmp_path)
    (project.folder / "conf/local/catalog_mine.yml").write_text("mine: {type: [\n")
    ended = project.kedro("catalog", "describe-datasets")
    assert ended.returncode == 1
    assert "catalog_mine.yml" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("kind", [RunRefused, OSError])
def test_what_a_dataset_raises_is_found_however_often_kedro_wraps_it(tmp_path: Path, kind: type[Exception]) -> None:
    cause = RunRefused("the key is missing") if kind is RunRefused else OSError(ENOSPC, "no space", "the key")

    class Failing(MemoryDataset):
        def save(self, data: object) -> None:
            raise cause

    with pytest.raises(UserError, match="the key") as caught, as_user_errors(tmp_path):
        DataCatalog({"corrections": Failing()}).save("corrections", 1)
    assert "Failed while saving" not in str(caught.value)


def test_what_no_user_can_fix_passes_through(tmp_path: Path) -> None:
    with pytest.raises(DatasetError), as_user_errors(tmp_path):
        raise DatasetError("a bug") from ValueError("a bug")
