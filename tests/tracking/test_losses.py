"""The loss of a training in MLflow while it is trained."""

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
from leap_kedro.training.progress import Progress
from leap_kedro.training.watching import tell

REPORTED = [(10, 1.5), (20, 0.5)]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "_PAUSE", 0.01)


@pytest.fixture
def project(tmp_path: Path, tracking_server: str) -> SmallProject:
    return SmallProject(tmp_path / "project")


@pytest.fixture
def history(tracking_server: str) -> Callable[..., list[tuple[int, float]]]:
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


def report(work: Path, step: int, loss: float, resumed_at: int = 0) -> None:
    tell(work, Progress(step, 20, loss, 0.001, 100, 1.0, resumed_at))


def test_the_loss_is_there_while_the_training_goes_on_and_once_at_its_end(project: SmallProject, history) -> None:
    seen = []

    def train(workspace: Path) -> dict[str, Any]:
        report(workspace, 10, 1.5)
        seen.extend(history(at_least=1))
        report(workspace / "dpo", 5, 0.7)
        seen.extend(history("training/dpo/losses", at_least=1))
        report(workspace, 20, 0.5)
        return training_report()

    project.train = train
    project.run(1)
    assert seen == [(10, 1.5), (5, 0.7)]
    assert history() == REPORTED
    report(project.path(1, "workspace"), 30, 9.0)
    assert history() == REPORTED


def test_a_training_that_goes_on_from_a_checkpoint_adds_what_is_new(project: SmallProject, history) -> None:
    def killed(workspace: Path) -> dict[str, Any]:
        report(workspace, 5, 2.0)
        report(workspace, 10, 1.5)
        raise MemoryError

    def resumed(workspace: Path) -> dict[str, Any]:
        report(workspace, 10, 1.4, resumed_at=7)  # the mean over steps 8 to 10
        report(workspace, 20, 0.5, resumed_at=7)
        return {**training_report(), "losses": [[5, 2.0], [10, 1.4], [20, 0.5]]}

    project.train = killed
    with pytest.raises(MemoryError):
        project.run(1)
    assert history() == [(5, 2.0), (10, 1.5)]
    project.train = resumed
    project.run(1)
    assert history() == [(5, 2.0), *REPORTED]


def test_a_training_begun_afresh_repeats_no_point(project: SmallProject, history) -> None:
    def killed(workspace: Path) -> dict[str, Any]:
        report(workspace, 10, 1.5)
        raise MemoryError

    def afresh(workspace: Path) -> dict[str, Any]:
        report(workspace, 10, 1.5)
        report(workspace, 20, 0.5)
        return training_report()

    project.train = killed
    with pytest.raises(MemoryError):
        project.run(1)
    project.train = afresh
    project.run(1)
    assert history() == REPORTED


def test_a_server_that_is_gone_is_said_once_and_the_training_goes_on(
    project: SmallProject, history, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise ConnectionError("the server is gone\nfor good")

    def train(workspace: Path) -> dict[str, Any]:
        with monkeypatch.context() as patch:
            patch.setattr(losses, "log_points", gone)
            report(workspace, 10, 1.5)
            deadline = time.monotonic() + 20
            while "the server is gone" not in caplog.text and time.monotonic() < deadline:
                time.sleep(0.01)
            report(workspace, 20, 0.5)
        return training_report()

    project.train = train
    with caplog.at_level(logging.WARNING):
        project.run(1)
    (said,) = (record.getMessage() for record in caplog.records if "MLflow did not take" in record.getMessage())
    assert said == (
        "MLflow did not take the loss of this training (the server is gone). The training goes on; its losses are "
        "logged when it is finished."
    )
    assert history() == REPORTED
