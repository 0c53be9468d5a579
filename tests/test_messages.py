"""What a user reads when something that the user can fix goes wrong: one message, never a traceback."""

import ast
import builtins
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from kedro.io import DataCatalog, DatasetError, DatasetNotFoundError
from loop_project import LoopProject

import leap_kedro
from leap_kedro.datasets.store import GrowingStoreDataset
from leap_kedro.datasets.training import TrainingDataset
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.messages import as_user_errors
from leap_kedro.records import Task, UserError

INTERNAL = {
    "BrokenAnswer",
    "ErrorInAnswer",
    "ExpertStuck",
    "Filtered",
    "Malformed",
    "MalformedGame",
    "ProblemError",
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


class ServerGone(UserError):
    pass


def save(name: str, folder: Path, error: Exception) -> None:
    """Save the dataset `name`, which stops by `error` while it is saved."""

    def play(_: list[Task]) -> Iterator[Task]:
        raise error
        yield

    def train(_: Path) -> dict[str, int]:
        raise error

    catalog = DataCatalog()
    catalog["rollouts"] = GrowingStoreDataset(str(folder / "tasks.jsonl"), "Task")
    catalog["training_report"] = TrainingDataset(str(folder / "report.json"), {"path": str(folder / "workspace")})
    with as_user_errors(folder):
        catalog.save(name, {"rollouts": play, "training_report": train}[name])


@pytest.mark.parametrize("name", ["rollouts", "training_report"])
def test_what_stops_a_node_while_its_output_is_saved_is_told_without_kedros_words(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunRefused) as caught:
        save(name, tmp_path, ServerGone("The server at 127.0.0.1 does not answer."))
    assert str(caught.value) == "The server at 127.0.0.1 does not answer."
    with pytest.raises(RunRefused, match=r"/scratch/weights: the disk is full"):
        save(name, tmp_path, OSError(errno.ENOSPC, "No space left on device", "/scratch/weights"))


def test_a_fault_of_the_program_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such key"):
        save("rollouts", tmp_path, KeyError("no such key"))
    with pytest.raises(OSError, match="interrupted"), as_user_errors(tmp_path):
        raise OSError(errno.EINTR, "interrupted")


def test_a_user_error_passes_through_and_a_dataset_without_an_entry_becomes_one(tmp_path: Path) -> None:
    with pytest.raises(ServerGone), as_user_errors(tmp_path):
        raise ServerGone("gone")
    with pytest.raises(RunRefused, match="rolouts") as caught, as_user_errors(tmp_path):
        DataCatalog().load("rolouts")
    assert isinstance(caught.value.__cause__, DatasetNotFoundError)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("base/parameters_mine.yml", ["run", "--env=test"]),
        ("local/credentials.yml", ["leap", "run", "--env=test"]),
        ("local/catalog_mine.yml", ["catalog", "describe-datasets"]),
    ],
)
def test_a_configuration_file_that_cannot_be_read_is_named(
    tiny_base: Path, tmp_path: Path, path: str, command: list[str]
) -> None:
    project = LoopProject(tmp_path / "project", tiny_base)
    (project.folder / "conf" / path).write_text("openai: {api_key: [sk-secret\n")
    ended = project.kedro(*command)
    assert ended.returncode == 1
    assert Path(path).name in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "sk-secret" not in ended.stdout + ended.stderr
