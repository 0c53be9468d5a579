"""Folders of policies, which are moved into place."""

import errno
from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.policy import PolicyFolderDataset, SavedPolicy


@pytest.fixture
def dataset(tmp_path: Path) -> PolicyFolderDataset:
    return PolicyFolderDataset(str(tmp_path / "iter_1" / "policy"))


@pytest.fixture
def trained(tmp_path: Path) -> SavedPolicy:
    folder = tmp_path / "workspace" / "policy"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return SavedPolicy("pi_1", 1, folder)


def test_a_policy_is_moved_into_place_and_may_be_released_again(
    dataset: PolicyFolderDataset, trained: SavedPolicy, tmp_path: Path
) -> None:
    dataset.save(trained)
    released = SavedPolicy("pi_1", 1, tmp_path / "iter_1" / "policy")
    assert dataset.load() == released
    assert (released.folder / "config.json").is_file()
    assert not trained.folder.exists()
    dataset.save(trained)  # the node runs again, for example under another runner
    assert dataset.load() == released


def test_a_folder_without_its_marker_is_no_policy_and_is_replaced(
    dataset: PolicyFolderDataset, trained: SavedPolicy, tmp_path: Path
) -> None:
    (tmp_path / "iter_1" / "policy").mkdir(parents=True)
    (tmp_path / "iter_1" / "policy" / "half").touch()
    assert not dataset.exists()
    with pytest.raises(StorageError, match=r"_SUCCESS.*kedro run"):
        dataset.load()
    dataset.save(trained)
    assert dataset.load().id == "pi_1"
    assert not (tmp_path / "iter_1" / "policy" / "half").exists()


def test_a_policy_that_is_in_neither_place_is_named_with_both(
    dataset: PolicyFolderDataset, trained: SavedPolicy, tmp_path: Path
) -> None:
    (trained.folder / "config.json").unlink()
    trained.folder.rmdir()
    with pytest.raises(StorageError) as caught:
        dataset.save(trained)
    for named in ("pi_1", str(tmp_path / "iter_1" / "policy"), str(trained.folder), "training_report.json"):
        assert named in str(caught.value)


def test_a_policy_is_copied_over_the_border_of_a_file_system(
    dataset: PolicyFolderDataset, trained: SavedPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_device(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", other_device)
    dataset.save(trained)
    assert dataset.load().id == "pi_1"
    assert (dataset.load().folder / "config.json").is_file()
