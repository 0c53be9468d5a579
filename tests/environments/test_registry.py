"""Environments by name."""

import pytest

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import (
    UnknownEnvironment,
    environment_folder,
    environment_instructions,
    make_benchmark,
)


def test_an_unknown_environment_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownEnvironment, match=r"'alfwrld'.*Did you mean 'alfworld'.*Known: alfworld"):
        make_benchmark(EnvironmentSpec("alfwrld", {}))
    with pytest.raises(UnknownEnvironment, match="'alfwrld'"):
        environment_instructions("alfwrld")


def test_instructions_name_the_actions() -> None:
    assert "go to <place>" in environment_instructions("alfworld")


@pytest.mark.parametrize("name", ["alfworld", "intercode_bash", "webshop"])
def test_an_environment_is_one_folder(name: str) -> None:
    folder = environment_folder(name)
    assert folder.name == name
    for part in ("defaults.yml", "prompts/teacher_episode.jinja", "student/base/model.safetensors"):
        assert (folder / part).is_file()
    assert {"engine", "tasks", "teaching", "student", "tools"} <= {path.name for path in folder.iterdir()}
