"""The losses of a training in MLflow while it is trained."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from project import SmallProject, training_report

from leap_kedro.tracking import losses
from leap_kedro.tracking.runs import ITERATION_TAG
from leap_kedro.training.losses import FILE, append_loss, read_losses

REPORTED = [(10, 1.5), (20, 0.5)]
History = Callable[..., list[tuple[int, float]]]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "_PAUSE", 0.01)


@pytest.fixture
def project(tmp_path: Path, tracking_server: str) -> SmallProject:
    return SmallProject(tmp_path / "project")


@pytest.fixture
def history(tracking_server: str) -> History:
    """Points that the first iteration's run has, in the order of their steps."""
    client = MlflowClient(tracking_server)

    def read(key: str = "training/losses", at_least: int = 0) -> list[tuple[int, float]]:
        folder = client.get_experiment_by_name("leap_kedro").experiment_id
        (run,) = client.search_runs([folder], f"tags.`{ITERATION_TAG}` = '1'")
        deadline = time.monotonic() + 20
        while True:
            found = sorted((each.step, each.value) for each in client.get_metric_history(run.info.run_id, key))
            if len(found) >= at_least or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    return read


def run(project: SmallProject, train: Callable[[Path], dict[str, Any]]) -> None:
    project.train = train
    project.run(1, nodes=("base", "pi_0", "aggregate", "train"))


def test_a_loss_is_there_while_the_training_continues_and_once_at_its_end(
    project: SmallProject, history: History
) -> None:
    seen = []

    def train(workspace: Path) -> dict[str, Any]:
        append_loss(workspace, 10, 1.5)
        seen.extend(history(at_least=1))
        (workspace / "dpo").mkdir()
        append_loss(workspace / "dpo", 5, 0.7)
        seen.extend(history("training/dpo/losses", at_least=1))
        append_loss(workspace, 20, 0.5)
        return training_report()

    run(project, train)
    assert seen == [(10, 1.5), (5, 0.7)]
    assert history() == REPORTED


def test_a_training_that_is_killed_and_continued_repeats_no_point(project: SmallProject, history: History) -> None:
    def killed(workspace: Path) -> dict[str, Any]:
        append_loss(workspace, 5, 2.0)
        append_loss(workspace, 10, 1.5)
        raise MemoryError

    def continued(workspace: Path) -> dict[str, Any]:
        append_loss(workspace, 10, 1.4)  # the mean of the steps since the checkpoint
        append_loss(workspace, 20, 0.5)
        return {**training_report(), "losses": [[5, 2.0], [10, 1.4], [20, 0.5]]}

    with pytest.raises(MemoryError):
        run(project, killed)
    assert history() == [(5, 2.0), (10, 1.5)]
    run(project, continued)
    assert history() == [(5, 2.0), *REPORTED]


def test_a_server_that_fails_is_reported_once_and_the_training_continues(
    project: SmallProject, history: History, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise ConnectionError("the server is gone\nfor good")

    def train(workspace: Path) -> dict[str, Any]:
        with monkeypatch.context() as patch:
            patch.setattr(losses, "log_points", gone)
            append_loss(workspace, 10, 1.5)
            deadline = time.monotonic() + 20
            while "the server is gone" not in caplog.text and time.monotonic() < deadline:
                time.sleep(0.01)
            append_loss(workspace, 20, 0.5)
        return training_report()

    with caplog.at_level(logging.WARNING):
        run(project, train)
    assert caplog.text.count("(the server is gone). The training continues") == 1
    assert history() == REPORTED


def test_a_line_that_a_killed_process_has_not_finished_is_left_out(tmp_path: Path) -> None:
    assert read_losses(tmp_path / FILE) == []
    append_loss(tmp_path, 1, 2.5)
    append_loss(tmp_path, 2, float("nan"))
    with (tmp_path / FILE).open("a") as file:
        file.write('{"step": 3, "lo')
    assert read_losses(tmp_path / FILE) == [(1, 2.5)]
    append_loss(tmp_path, 4, 1.5)
    append_loss(tmp_path, 5, 0.5)
    assert read_losses(tmp_path / FILE) == [(1, 2.5), (5, 0.5)]
