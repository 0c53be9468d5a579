"""Fixtures that several floors share."""

import os
import tarfile
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("LEAP_SHARED_DATA", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_alfworld() -> Path:
    """Folder with the benchmark's recorded answers and its games in archives."""
    folder = SHARED / "alfworld"
    if not folder.is_dir():
        pytest.skip(f"no official ALFWorld data: {folder} is absent (set LEAP_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def official_games(shared_alfworld: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder to be used as `ALFWORLD_DATA`: the official valid_seen games (2.1.1)."""
    folder = tmp_path_factory.mktemp("alfworld_data")
    with tarfile.open(shared_alfworld / "json_2.1.1.valid_seen.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder
