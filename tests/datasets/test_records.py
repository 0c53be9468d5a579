import errno
import os
from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.json import JsonDataset
from leap_kedro.datasets.records import RecordsDataset
from leap_kedro.records import Example, Target, Turn

EXAMPLE = Example("1/a/0", 1, "toy", "You see a mug.", (Turn("look", "A mug."),), (Target(0, "I look.", "look"),))


def test_records_come_back_equal(tmp_path: Path) -> None:
    dataset = RecordsDataset(str(tmp_path / "a" / "examples.jsonl"), "Example")
    assert not dataset.exists()
    dataset.save([EXAMPLE, EXAMPLE])
    assert dataset.load() == [EXAMPLE, EXAMPLE]


def test_a_write_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "examples.jsonl"
    dataset = RecordsDataset(str(path), "Example")
    dataset.save([EXAMPLE])

    def breaking() -> object:
        yield EXAMPLE
        raise RuntimeError("no more")

    with pytest.raises(Exception, match="no more"):
        dataset.save(breaking())
    assert dataset.load() == [EXAMPLE]
    assert os.listdir(tmp_path) == ["examples.jsonl"]


def test_a_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(
        StorageError, match=r"Cannot write .*value.json: the file system is read-only. Make it writable"
    ):
        JsonDataset(str(tmp_path / "value.json")).save({"a": 1})


def test_json_comes_back_and_its_absence_says_which_command_makes_it(tmp_path: Path) -> None:
    dataset = JsonDataset(str(tmp_path / "value.json"))
    with pytest.raises(StorageError, match="kedro run"):
        dataset.load()
    dataset.save({"success": 0.5})
    assert dataset.load() == {"success": 0.5}
