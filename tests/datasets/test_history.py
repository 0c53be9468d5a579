"""Manifests of iterations, and what later iterations read of earlier ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.history import SECONDS, HistoryDataset, ManifestDataset
from leap_kedro.datasets.policy import PolicyFolderDataset, SavedPolicy
from leap_kedro.datasets.records import RecordsDataset
from leap_kedro.records import Example, Target, Turn
from leap_kedro.records.hashing import content_hash

EXAMPLE = Example("0/a/0", 0, "toy", "You see a mug.", (Turn("look", "A mug."),), (Target(0, "I look.", "look"),))


def history_of(data: Path, part: str = "iter_[k]") -> HistoryDataset:
    return HistoryDataset(
        str(data / "00_experiments" / part / "manifest.json"),
        files={"iteration": {"path": str(data / "*" / part.replace("[k]", "0") / "*")}},
        policy={"path": str(data / "05_policies" / part / "policy")},
        examples={"path": str(data / "04_training" / part / "examples.jsonl")},
    )


def manifest_of(data: Path, iteration: int) -> ManifestDataset:
    path = data / "00_experiments" / f"iter_{iteration}" / "manifest.json"
    return ManifestDataset(str(path), files={"iteration": {"path": str(data / "*" / f"iter_{iteration}" / "*")}})


def leave_behind(data: Path, part: str, iteration: int) -> None:
    """pi_k and D_k, and the workspace of the training."""
    made = data / "04_training" / part / "workspace" / "policy"
    made.mkdir(parents=True)
    (made / "config.json").write_text(f"{iteration}")
    PolicyFolderDataset(str(data / "05_policies" / part / "policy")).save(
        SavedPolicy(f"pi_{iteration}", iteration, made)
    )
    RecordsDataset(str(data / "04_training" / part / "examples.jsonl"), "Example").save([EXAMPLE] * iteration)


def written(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_manifest_vouches_for_the_files_of_its_iteration(tmp_path: Path) -> None:
    leave_behind(tmp_path, "iter_1", 1)
    leave_behind(tmp_path, "iter_10", 10)
    manifest = manifest_of(tmp_path, 1)
    folder = tmp_path / "00_experiments" / "iter_1"
    folder.mkdir(parents=True)
    (folder / SECONDS).write_text('{"roll_out": 1.5}')
    assert not manifest.exists()
    manifest.save({"iteration": 1})
    assert manifest.exists()
    assert manifest.load() == {
        "iteration": 1,
        "data": {
            "examples": content_hash(tmp_path / "04_training" / "iter_1" / "examples.jsonl"),
            "policy": content_hash(tmp_path / "05_policies" / "iter_1" / "policy"),
        },
        "seconds": {"roll_out": 1.5},
    }


def test_without_a_clock_there_are_no_seconds(tmp_path: Path) -> None:
    manifest_of(tmp_path, 1).save({"iteration": 1})
    assert manifest_of(tmp_path, 1).load() == {"iteration": 1, "data": {}, "seconds": {}}


def test_the_history_holds_the_finished_iterations_in_order(tmp_path: Path) -> None:
    history = history_of(tmp_path)
    assert history.load() == {}
    assert not history.exists()
    for iteration in (0, 1, 2, 4):
        leave_behind(tmp_path, f"iter_{iteration}", iteration)
    history.save({"iteration": 0, "evaluations": [{"policy": "base"}, {"policy": "pi_0"}]})
    for iteration in (1, 4):
        manifest_of(tmp_path, iteration).save({"iteration": iteration, "evaluations": [{"policy": f"pi_{iteration}"}]})
    assert history.exists()
    found = history.load()
    assert list(found) == [0, 1]  # 2 has files and no manifest, 4 comes after a gap
    assert [past.policy().id for past in found.values()] == ["pi_0", "pi_1"]
    assert [len(past.examples()) for past in found.values()] == [0, 1]
    assert [[plain["policy"] for plain in past.evaluations] for past in found.values()] == [["base", "pi_0"], ["pi_1"]]


def test_a_history_of_one_iteration_as_in_a_part_of_the_ablation(tmp_path: Path) -> None:
    leave_behind(tmp_path, "start", 0)
    history = history_of(tmp_path, "start")
    assert history.load() == {}
    history.save({"iteration": 0, "evaluations": []})
    assert list(history.load()) == [0]
    assert history.load()[0].policy().folder == tmp_path / "05_policies" / "start" / "policy"
    assert set(written(tmp_path / "00_experiments" / "start" / "manifest.json")["data"]) == {"examples", "policy"}


def test_what_is_gone_or_torn_is_named(tmp_path: Path) -> None:
    history = history_of(tmp_path)
    history.save({"iteration": 0, "evaluations": []})
    with pytest.raises(StorageError, match=str(tmp_path / "05_policies")):
        history.load()[0].policy()
    with pytest.raises(StorageError, match=r"examples\.jsonl"):
        history.load()[0].examples()
    (tmp_path / "00_experiments" / "iter_0" / "manifest.json").write_text("{")
    with pytest.raises(StorageError, match=r"manifest\.json is not valid JSON"):
        history.load()
