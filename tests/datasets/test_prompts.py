"""Prompts of teachers: the shipped ones, and the user's own in their place."""

from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.prompts import read_prompts
from leap_kedro.environments.registry import REGISTERED


def test_every_environment_ships_its_prompts() -> None:
    views = {f"{environment}/{view}" for environment in REGISTERED for view in ("teacher_episode", "teacher_step")}
    assert views <= read_prompts([]).keys()


def test_a_template_of_the_user_replaces_the_shipped_one_and_a_later_folder_an_earlier_one(tmp_path: Path) -> None:
    for folder, text in (("base", "base"), ("mine", "mine")):
        (tmp_path / folder / "webshop").mkdir(parents=True)
        (tmp_path / folder / "webshop" / "teacher_step.jinja").write_text(text)
    (tmp_path / "base" / "webshop" / "own.jinja").write_text("own")
    found = read_prompts([tmp_path / name for name in ("base", "mine", "missing")])
    expected = {**read_prompts([]), "webshop/teacher_step": "mine", "webshop/own": "own"}
    assert list(found.items()) == sorted(expected.items())


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jinja").write_bytes(b"\xff")
    with pytest.raises(StorageError, match=r"x\.jinja"):
        read_prompts([tmp_path])
