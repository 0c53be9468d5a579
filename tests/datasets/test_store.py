"""A node returns a function (stored records -> missing records), and the store appends what it yields."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.store import GrowingStoreDataset
from leap_kedro.records import Task


def task(number: int) -> Task:
    return Task(f"task-{number}", "toy", "train", "do it", "pick", {"seed": number})


def up_to(last: int, seen: list[list[Task]] | None = None) -> Callable[[list[Task]], Iterable[Task]]:
    """Makes the tasks 1..last that are not stored; `seen` notes what was stored."""

    def missing(so_far: list[Task]) -> Iterator[Task]:
        if seen is not None:
            seen.append(so_far)
        done = {each.id for each in so_far}
        yield from (task(number) for number in range(1, last + 1) if f"task-{number}" not in done)

    return missing


def interrupted_after(count: int) -> Callable[[list[Task]], Iterable[Task]]:
    def missing(so_far: list[Task]) -> Iterator[Task]:
        yield from (task(len(so_far) + number) for number in range(1, count + 1))
        raise KeyboardInterrupt

    return missing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "iter_1" / "tasks.jsonl"


@pytest.fixture
def store(path: Path) -> GrowingStoreDataset:
    return GrowingStoreDataset(str(path), "Task")


@pytest.fixture
def partial(store: GrowingStoreDataset, path: Path) -> Path:
    """The file of a store that was interrupted after tasks 1 and 2."""
    with pytest.raises(KeyboardInterrupt):
        store.save(interrupted_after(2))
    return path.with_name("tasks.jsonl.partial")


def test_an_interrupted_store_does_not_exist_and_is_continued(store: GrowingStoreDataset, partial: Path) -> None:
    assert partial.is_file()
    assert not store.exists()
    with pytest.raises(StorageError, match=r"tasks\.jsonl does not exist.*kedro run"):
        store.load()
    seen: list[list[Task]] = []
    store.save(up_to(3, seen))
    assert seen == [[task(1), task(2)]]
    assert store.exists()
    assert store.load() == [task(1), task(2), task(3)]
    assert not partial.exists()


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_torn_last_line_is_made_again(store: GrowingStoreDataset, partial: Path, cut: int) -> None:
    partial.write_bytes(partial.read_bytes()[:-cut])
    seen: list[list[Task]] = []
    store.save(up_to(2, seen))
    assert seen == [[task(1)]]
    assert store.load() == [task(1), task(2)]


def test_what_was_stored_last_before_the_end_completes_the_store(store: GrowingStoreDataset, partial: Path) -> None:
    store.save(up_to(2))
    assert store.load() == [task(1), task(2)]


def test_a_store_without_records_is_complete(store: GrowingStoreDataset) -> None:
    store.save(up_to(0))
    assert store.exists()
    assert store.load() == []


def test_a_complete_store_is_extended_and_incomplete_meanwhile(store: GrowingStoreDataset, path: Path) -> None:
    store.save(up_to(2))
    with pytest.raises(KeyboardInterrupt):
        store.save(interrupted_after(1))
    assert not store.exists()
    store.save(up_to(4))
    assert store.load() == [task(1), task(2), task(3), task(4)]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_where_nothing_is_missing_the_file_is_not_touched(store: GrowingStoreDataset, path: Path) -> None:
    store.save(up_to(2))
    before = path.stat()
    store.save(up_to(2))
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_line_changed_from_outside_is_named(store: GrowingStoreDataset, partial: Path) -> None:
    partial.write_text("{}\n" + partial.read_text())
    with pytest.raises(StorageError, match=r"tasks\.jsonl\.partial, line 1,.*Task"):
        store.save(up_to(3))


def test_a_full_disk_keeps_what_was_finished(store: GrowingStoreDataset, partial: Path, path: Path) -> None:
    kept = partial.rename(partial.with_name("kept"))
    partial.symlink_to("/dev/full")  # takes no byte
    with pytest.raises(StorageError) as caught:
        store.save(up_to(3))
    assert str(path) in str(caught.value)
    assert "the disk is full" in str(caught.value)
    kept.replace(partial)
    seen: list[list[Task]] = []
    store.save(up_to(3, seen))
    assert seen == [[task(1), task(2)]]


def test_an_error_of_the_node_is_not_taken_for_one_of_the_disk(store: GrowingStoreDataset, path: Path) -> None:
    def missing(_: list[Task]) -> Iterator[Task]:
        yield task(1)
        raise ConnectionError("the server is gone")

    with pytest.raises(Exception, match="the server is gone") as caught:
        store.save(missing)
    assert not isinstance(caught.value, StorageError)
    assert path.with_name("tasks.jsonl.partial").read_text().count("\n") == 1
