"""Prompts of teachers: the shipped ones, and the user's own in their place."""

from pathlib import Path

import pytest
from kedro.io import DatasetError

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.prompts import PromptsDataset
from leap_kedro.environments.registry import REGISTERED


def test_every_environment_ships_its_prompts() -> None:
    names = PromptsDataset([]).load().keys()
    views = {f"{environment}/{view}" for environment in REGISTERED for view in ("teacher_episode", "teacher_step")}
    assert views <= names


def test_a_template_of_the_user_replaces_the_shipped_one_and_a_later_folder_an_earlier_one(tmp_path: Path) -> None:
    for folder, text in (("base", "base"), ("mine", "mine")):
        (tmp_path / folder / "webshop").mkdir(parents=True)
        (tmp_path / folder / "webshop" / "teacher_step.jinja").write_text(text)
    (tmp_path / "base" / "webshop" / "own.jinja").write_text("own")
    shipped = PromptsDataset([]).load()
    found = PromptsDataset([str(tmp_path / name) for name in ("base", "mine", "missing")]).load()
    assert found == dict(sorted({**shipped, "webshop/teacher_step": "mine", "webshop/own": "own"}.items()))


def test_what_is_no_text_is_refused_and_nothing_is_saved(tmp_path: Path) -> None:
    (tmp_path / "x.jinja").write_bytes(b"\xff")
    with pytest.raises(StorageError, match=r"x\.jinja"):
        PromptsDataset([str(tmp_path)]).load()
    with pytest.raises(DatasetError):
        PromptsDataset([]).save({})
