"""The losses of a training in MLflow while it is trained."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError
from look import Look
from project import SmallProject, training_report

from leap_kedro.tracking import losses
from leap_kedro.training.losses import FILE, append_loss, read_losses

KEY = "training/losses"
REPORTED = [(10, 1.5), (20, 0.5)]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "_PAUSE", 0.01)


def wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def run(project: SmallProject, train: Callable[[Path], dict[str, Any]]) -> None:
    project.train = train
    project.run(1, nodes=("base", "pi_0", "aggregate", "train"))


def test_a_loss_is_there_while_the_training_continues_and_once_at_its_end(project: SmallProject, look: Look) -> None:
    seen = []

    def train(workspace: Path) -> dict[str, Any]:
        (workspace / "dpo").mkdir()
        for folder, key, step, loss in ((workspace, KEY, 10, 1.5), (workspace / "dpo", "training/dpo/losses", 5, 0.7)):
            append_loss(folder, step, loss)
            wait(lambda key=key: look.history("iteration1", key))
            seen.extend(look.history("iteration1", key))
        append_loss(workspace, 20, 0.5)
        return training_report()

    run(project, train)
    assert seen == [(10, 1.5), (5, 0.7)]
    assert look.history("iteration1", KEY) == REPORTED


def test_a_training_that_is_killed_and_continued_repeats_no_point(project: SmallProject, look: Look) -> None:
    def killed(workspace: Path) -> dict[str, Any]:
        append_loss(workspace, 5, 2.0)
        append_loss(workspace, 10, 1.5)
        raise MemoryError

    def continued(workspace: Path) -> dict[str, Any]:
        append_loss(workspace, 10, 1.4)  # the mean of the steps since the checkpoint
        append_loss(workspace, 20, 0.5)
        return {**training_report(), "losses": [[5, 2.0], [10, 1.4], [20, 0.5]]}

    with pytest.raises(DatasetError) as failure:
        run(project, killed)
    assert isinstance(failure.value.__cause__.__cause__, MemoryError)
    assert look.history("iteration1", KEY) == [(5, 2.0), (10, 1.5)]
    run(project, continued)
    assert look.history("iteration1", KEY) == [(5, 2.0), *REPORTED]


def test_a_server_that_fails_is_reported_once_and_the_training_continues(
    project: SmallProject, look: Look, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise ConnectionError("the server is gone\nfor good")

    def train(workspace: Path) -> dict[str, Any]:
        with monkeypatch.context() as patch:
            patch.setattr(losses, "log_points", gone)
            append_loss(workspace, 10, 1.5)
            wait(lambda: "the server is gone" in caplog.text)
            append_loss(workspace, 20, 0.5)
        return training_report()

    with caplog.at_level(logging.WARNING):
        run(project, train)
    assert caplog.text.count("the server is gone") == 1
    assert look.history("iteration1", KEY) == REPORTED


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
