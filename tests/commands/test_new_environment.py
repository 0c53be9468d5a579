"""`kedro leap new-environment`."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from leap_kedro.commands.new_environment import new_environment


def test_the_package_follows_the_protocol_and_its_tests_pass(tmp_path: Path) -> None:
    made = CliRunner().invoke(new_environment, ["my_game", "--folder", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert "--params=environment=my_game" in made.output
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path / "my_game"],
        env={"PYTHONPATH": str(tmp_path / "my_game/src"), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout
    assert len((tmp_path / "my_game/src/my_game/environment.py").read_text().splitlines()) <= 80


@pytest.mark.parametrize(
    ("name", "said"),
    [("My-Game", "is no name of a package"), ("alfworld", "an environment 'alfworld' already"), ("there", "exists")],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    refused = CliRunner().invoke(new_environment, [name, "--folder", str(tmp_path)])
    assert refused.exit_code == 1
    assert said in refused.output
    assert not list((tmp_path / "there").iterdir())
