from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.history import JsonHistoryDataset, PolicyHistoryDataset, RecordsHistoryDataset
from leap_kedro.datasets.json import JsonDataset
from leap_kedro.datasets.policy import PolicyFolderDataset, SavedPolicy, WorkspaceDataset
from leap_kedro.datasets.records import RecordsDataset
from leap_kedro.records import Task


def trained(workspace: Path, iteration: int) -> SavedPolicy:
    folder = workspace / "policy"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return SavedPolicy(f"pi_{iteration}", iteration, folder)


def test_a_policy_is_moved_into_place_and_found_again(tmp_path: Path) -> None:
    dataset = PolicyFolderDataset(str(tmp_path / "iter_1" / "policy"))
    workspace = WorkspaceDataset(str(tmp_path / "work")).load()
    dataset.save(trained(workspace, 1))
    assert dataset.load() == SavedPolicy("pi_1", 1, tmp_path / "iter_1" / "policy")
    assert (tmp_path / "iter_1" / "policy" / "config.json").is_file()
    assert list(workspace.iterdir()) == []


def test_a_folder_without_its_marker_is_no_policy(tmp_path: Path) -> None:
    dataset = PolicyFolderDataset(str(tmp_path / "policy"))
    (tmp_path / "policy").mkdir()
    assert not dataset.exists()
    with pytest.raises(StorageError, match="No finished policy"):
        dataset.load()
    dataset.save(trained(tmp_path / "work", 0))
    assert dataset.load().id == "pi_0"


def test_histories_hold_the_finished_iterations_in_order(tmp_path: Path) -> None:
    for iteration in (0, 2, 10):
        folder = tmp_path / f"iter_{iteration}"
        PolicyFolderDataset(str(folder / "policy")).save(trained(tmp_path / "work" / str(iteration), iteration))
        JsonDataset(str(folder / "evaluation.json")).save([iteration])
        RecordsDataset(str(folder / "tasks.jsonl"), "Task").save([Task("a", "toy", "train", "", "pick")] * iteration)
    (tmp_path / "iter_3" / "policy").mkdir(parents=True)
    pattern = f"{tmp_path}/iter_[k]"
    policies = PolicyHistoryDataset(f"{pattern}/policy").load()
    assert [(k, policy.id) for k, policy in policies.items()] == [(0, "pi_0"), (2, "pi_2"), (10, "pi_10")]
    assert JsonHistoryDataset(f"{pattern}/evaluation.json").load() == {0: [0], 2: [2], 10: [10]}
    tasks = RecordsHistoryDataset(f"{pattern}/tasks.jsonl", "Task").load()
    assert {k: len(records) for k, records in tasks.items()} == {0: 0, 2: 2, 10: 10}
