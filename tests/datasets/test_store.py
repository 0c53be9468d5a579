import errno
from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.store import Chunk, GrowingStoreDataset, StoreSoFarDataset
from leap_kedro.records import Task


def task(number: int) -> Task:
    return Task(
        id=f"task-{number}", environment="toy", split="train", goal="do it", kind="pick", payload={"seed": number}
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "iter_1" / "tasks.jsonl"


def store(path: Path) -> GrowingStoreDataset:
    return GrowingStoreDataset(str(path), "Task")


def so_far(path: Path) -> list[Task]:
    return StoreSoFarDataset(str(path), "Task").load()


def test_grows_and_exists_only_when_complete(path: Path) -> None:
    assert so_far(path) == []
    store(path).save(Chunk([task(1)]))
    store(path).save(Chunk([task(2), task(3)]))
    assert not store(path).exists()
    assert so_far(path) == [task(1), task(2), task(3)]
    with pytest.raises(StorageError, match="has not finished"):
        store(path).load()
    store(path).save(Chunk([], complete=True))
    assert store(path).exists()
    assert store(path).load() == so_far(path) == [task(1), task(2), task(3)]


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_torn_last_line_is_owed_again(path: Path, cut: int) -> None:
    store(path).save(Chunk([task(1), task(2)]))
    partial = path.with_name("tasks.jsonl.partial")
    partial.write_bytes(partial.read_bytes()[:-cut])
    assert so_far(path) == [task(1)]
    store(path).save(Chunk([task(2)], complete=True))
    assert store(path).load() == [task(1), task(2)]


def test_a_line_changed_from_outside_is_named(path: Path) -> None:
    store(path).save(Chunk([task(1), task(2)]))
    partial = path.with_name("tasks.jsonl.partial")
    partial.write_text("{}\n" + partial.read_text())
    with pytest.raises(StorageError, match=r"tasks.jsonl.partial, line 1, is no Task.*delete it"):
        so_far(path)


def test_a_full_disk_keeps_what_was_finished(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(path).save(Chunk([task(1)]))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "open", full)
        with pytest.raises(StorageError) as caught:
            store(path).save(Chunk([task(2)]))
    assert str(path) in str(caught.value)
    assert "the disk is full" in str(caught.value)
    assert "run the same command again" in str(caught.value)
    assert so_far(path) == [task(1)]
