"""Environments by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leap_kedro.environments.core import capabilities
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import (
    INSTRUCTIONS,
    UnknownEnvironment,
    environment_folder,
    environment_instructions,
    environment_name,
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


def test_a_class_is_named_by_its_module() -> None:
    reference = "environments.houses:PlannedHouses"
    benchmark = make_benchmark(EnvironmentSpec(reference, {}))
    assert (environment_name(reference), benchmark.name) == ("planned_houses", "planned_houses")
    assert environment_folder(reference) == Path(__file__).parent
    assert environment_instructions(reference) == INSTRUCTIONS
    assert environment_instructions("planned_houses") == INSTRUCTIONS  # also by its name, once it is in use
    assert {each.value for each in capabilities(benchmark)} == {"plan or oracle"}


def test_an_entry_point_of_an_installed_package_registers_an_environment(tmp_path: Path) -> None:
    info = tmp_path / "games-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: games\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leap_kedro.environments]\nhouses = environments.houses:Houses\n")
    program = "from leap_kedro.environments.registry import *; print(REGISTERED, environment_folder('houses').name)"
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    shown = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "('alfworld', 'houses', 'intercode_bash', 'openenv', 'webshop') environments\n"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("nowhere.at_all:Game", "cannot be imported: ModuleNotFoundError.*src/ of the project"),
        ("environments.houses:Hut", "cannot be imported: AttributeError"),
        ("environments.houses:COLOURS", "is no class whose name"),
        ("environments.houses:House", "lacks `tasks` and `environment` and `privileged`"),
    ],
)
def test_a_class_that_cannot_be_used_is_refused(reference: str, said: str) -> None:
    with pytest.raises(UnknownEnvironment, match=said):
        make_benchmark(EnvironmentSpec(reference, {}))


def test_options_that_a_class_does_not_take_are_refused_with_their_place() -> None:
    with pytest.raises(UnknownEnvironment, match=r"\{'boxes': 3\} \(`environments\.houses`\): TypeError"):
        make_benchmark(EnvironmentSpec("environments.houses:Houses", {"boxes": 3}))
