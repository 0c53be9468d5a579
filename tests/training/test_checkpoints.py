"""Which checkpoint serves: whole ones, whose files are still what was written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leap_kedro.training.checkpoints import MARKER, keep_last_two, last_whole, mark_whole, whole


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for step in (9, 10):
        checkpoint = tmp_path / f"checkpoint-{step}"
        checkpoint.mkdir()
        (checkpoint / "model.safetensors").write_bytes(b"weights")
        (checkpoint / "rng_state_1.pth").write_bytes(b"dice")
        mark_whole(checkpoint)
    (tmp_path / "checkpoint-11").mkdir()
    return tmp_path


def test_the_last_whole_one_serves(work: Path) -> None:
    assert last_whole(work) == (work / "checkpoint-10", ())


@pytest.mark.parametrize(
    ("harm", "wrong"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"wei"), "model.safetensors has 3 bytes and not 7"),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(bytes(7)),
            "model.safetensors is not what was written",
        ),
        (lambda folder: (folder / "rng_state_1.pth").unlink(), "rng_state_1.pth is missing"),
        (lambda folder: (folder / MARKER).write_text('{"model.saf'), "_SUCCESS is torn"),
        (lambda folder: (folder / MARKER).write_text(""), "_SUCCESS is torn"),
    ],
)
def test_a_torn_one_is_left_out_with_the_reason(work: Path, harm: Callable[[Path], object], wrong: str) -> None:
    harm(work / "checkpoint-10")
    assert last_whole(work) == (work / "checkpoint-9", (f"checkpoint-10: {wrong}",))


def test_where_all_are_torn_none_serves(work: Path) -> None:
    for step in (9, 10):
        (work / f"checkpoint-{step}" / "rng_state_1.pth").unlink()
    checkpoint, torn = last_whole(work)
    assert checkpoint is None
    assert [each.partition(":")[0] for each in torn] == ["checkpoint-10", "checkpoint-9"]


@pytest.mark.parametrize(("best", "kept"), [(None, [10, 12]), ("elsewhere/checkpoint-9", [9, 10, 12])])
def test_older_ones_go_but_not_the_best_and_none_goes_for_one_that_is_not_yet_whole(work: Path, best, kept) -> None:
    keep_last_two(work, best)
    assert [mark.parent.name for mark in whole(work)] == ["checkpoint-9", "checkpoint-10"]
    (work / "checkpoint-12").mkdir()
    mark_whole(work / "checkpoint-12")
    keep_last_two(work, best)
    assert [mark.parent.name for mark in whole(work)] == [f"checkpoint-{step}" for step in kept]
