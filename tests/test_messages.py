"""What a user reads when something that the user can fix goes wrong: one message, never a traceback."""

import ast
import builtins
from pathlib import Path

import pytest
from loop_project import LoopProject

import leap_kedro

INTERNAL = {
    "BrokenAnswer",
    "ExpertStuck",
    "Filtered",
    "Malformed",
    "MalformedGame",
    "ProblemError",
    "Transient",
    "UnreadableOpening",
    "UnreadablePrice",
}
"""Errors that are caught where they are raised from: none of them reaches a user."""


def test_every_error_that_can_reach_a_user_is_a_user_error() -> None:
    others = set()
    for file in Path(leap_kedro.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            bases = [base.id for base in getattr(node, "bases", ()) if isinstance(base, ast.Name)]
            of_python = [getattr(builtins, base, None) for base in bases]
            if of_python and all(isinstance(kind, type) and issubclass(kind, Exception) for kind in of_python):
                others.add(node.name)
    assert {name for name in others if not name.startswith("_")} == INTERNAL


@pytest.mark.parametrize(
    "command", [["run", "--env=test"], ["leap", "run", "--env=test"], ["catalog", "list-patterns"]]
)
@pytest.mark.parametrize("file", ["catalog_mine.yml", "parameters_mine.yml", "credentials.yml"])
def test_a_configuration_file_that_cannot_be_read_is_named(
    tiny_base: Path, tmp_path: Path, command: list[str], file: str
) -> None:
    project = LoopProject(tmp_path / "project", tiny_base)
    (project.folder / "conf" / "local" / file).write_text("openai: {api_key: [sk-secret\n")
    (project.folder / "conf" / "test" / file).write_text("openai: {api_key: [sk-secret\n")
    ended = project.kedro(*command)
    assert ended.returncode == 1
    assert file in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "sk-secret" not in ended.stdout + ended.stderr
