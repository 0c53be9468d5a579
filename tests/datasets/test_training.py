"""A node returns a function (workspace -> report), and the dataset trains once."""

from pathlib import Path
from typing import Any

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.training import Trained, TrainingDataset


@pytest.fixture
def training(tmp_path: Path) -> TrainingDataset:
    return TrainingDataset(str(tmp_path / "report.json"), {"path": str(tmp_path / "iter_1" / "workspace")})


def never(_: Path) -> dict[str, Any]:
    raise AssertionError("trained again")


def test_a_training_runs_once(training: TrainingDataset, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"report\.json"):
        training.load()

    def train(workspace: Path) -> dict[str, Any]:
        (workspace / "policy").mkdir()
        return {"steps": 3, "policy": "policy"}

    training.save(train)
    assert training.exists()
    assert training.load() == Trained({"steps": 3, "policy": "policy"}, tmp_path / "iter_1" / "workspace")
    assert (training.load().workspace / "policy").is_dir()
    training.save(never)
    assert training.load().report["steps"] == 3


def test_a_training_that_was_killed_continues_in_the_same_workspace(training: TrainingDataset) -> None:
    def killed(workspace: Path) -> dict[str, Any]:
        (workspace / "checkpoint").write_text("step 2")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.save(killed)
    assert not training.exists()
    training.save(lambda workspace: {"continued_from": (workspace / "checkpoint").read_text()})
    assert training.load().report == {"continued_from": "step 2"}


def test_a_workspace_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    training = TrainingDataset(str(tmp_path / "report.json"), {"path": str(tmp_path / "file" / "workspace")})
    with pytest.raises(StorageError, match=str(tmp_path / "file" / "workspace")):
        training.save(never)
