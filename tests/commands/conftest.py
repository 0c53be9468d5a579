"""What commands are tried on."""

from pathlib import Path

import pytest
from loop_project import LoopProject


@pytest.fixture
def empty_project(tmp_path: Path) -> LoopProject:
    """A project in which nothing was run."""
    return LoopProject(tmp_path / "project", tmp_path / "no_base")
