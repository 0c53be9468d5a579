"""Tasks by split, in one file each."""

from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.tasks import SPLITS, TasksDataset
from leap_kedro.records import Task


def test_tasks_come_back_by_split_and_exist_only_together(tmp_path: Path) -> None:
    dataset = TasksDataset(str(tmp_path / "tasks"))
    assert not dataset.exists()
    with pytest.raises(StorageError, match=r"train\.jsonl does not exist"):
        dataset.load()
    tasks = {split: [Task(f"{split}-{n}", "toy", split, "", "pick") for n in range(2)] for split in SPLITS}
    dataset.save(tasks)
    assert dataset.exists()
    assert dataset.load() == tasks
    (tmp_path / "tasks" / "test.jsonl").unlink()
    assert not dataset.exists()
