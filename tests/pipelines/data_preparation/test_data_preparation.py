"""Which tasks are for training, validation and test."""

from pathlib import Path
from typing import Any

import pytest
from pipelines.stages import GENERATED, run, small_catalog, small_parameters
from pydantic import ValidationError

from leap_kedro.pipelines.data_preparation import create_pipeline
from leap_kedro.pipelines.data_preparation.nodes import TooFewTasks, prepare_tasks
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.records import Task

HOW = ("alfworld", GENERATED)
Tasks = dict[str, list[Task]]


def preparation(**changes: Any) -> DataPreparationParameters:
    return DataPreparationParameters(
        **{"train": 6, "validation": 3, "test": {"valid_seen": 2, "valid_unseen": 4}, **changes}
    )


def test_the_pipeline_writes_tasks_of_three_splits_and_the_seed_decides_which(tmp_path: Path) -> None:
    written: dict[int, Tasks] = {}
    for seed in (0, 1):
        parameters = small_parameters({"data_preparation": preparation().model_dump(), "seed": seed})
        catalog = small_catalog(tmp_path / str(seed), parameters)
        run(create_pipeline(), catalog)
        written[seed] = catalog.load("tasks")
    train, validation, test = (written[0][split] for split in ("train", "validation", "test"))
    assert (len(train), len(validation)) == (6, 3)
    assert [task.split for task in test] == ["valid_seen"] * 2 + ["valid_unseen"] * 4
    assert len({task.id for task in (*train, *validation, *test)}) == 15
    assert written[0] == prepare_tasks(*HOW, preparation(), seed=0)
    assert written[1]["train"] != train


def test_validation_tasks_come_from_a_split_of_their_own_where_one_is_named() -> None:
    tasks = prepare_tasks(*HOW, preparation(validation_split="valid_seen", test={"valid_unseen": 2}), seed=0)
    assert {split: [task.split for task in tasks[split]] for split in tasks} == {
        "train": ["train"] * 6,
        "validation": ["valid_seen"] * 3,
        "test": ["valid_unseen"] * 2,
    }


@pytest.mark.parametrize(
    ("changes", "train", "other", "message"),
    [
        ({}, 6, 6, r"has 6 tasks, and 6 for training with 3 for validation.*data_preparation\.train"),
        ({"validation_split": "eval"}, 6, 1, r"Split 'eval' has 1 tasks, and 3 for validation are asked for"),
    ],
)
def test_a_split_that_is_too_small_is_refused(
    monkeypatch: pytest.MonkeyPatch, tasks: Tasks, changes: dict[str, Any], train: int, other: int, message: str
) -> None:
    class Small:
        def tasks(self, split: str, *_: object) -> list[Task]:
            return tasks["train"][: train if split == "train" else other]

    monkeypatch.setattr("leap_kedro.pipelines.data_preparation.nodes.make_benchmark", lambda spec: Small())
    with pytest.raises(TooFewTasks, match=message):
        prepare_tasks(*HOW, preparation(**changes), seed=0)


@pytest.mark.parametrize("split", ["train", "valid_seen"])
def test_a_validation_split_that_is_also_trained_or_tested_on_is_refused(split: str) -> None:
    with pytest.raises(ValidationError, match=f"validation_split '{split}' is also trained or tested on"):
        preparation(validation_split=split)
    assert preparation(validation_split="valid_seen", test={"valid_seen": 0, "valid_unseen": 1})
