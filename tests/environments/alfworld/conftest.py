"""Game files as `alfworld-download` leaves them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kitchen import game_data


@pytest.fixture
def add_game(tmp_path: Path) -> Callable[..., Path]:
    """Writes a game as `alfworld-download` leaves it under `tmp_path`, and gives its file."""

    def add(split: str, task: str, trial: str, content: str | None = None, traj: bool = True) -> Path:
        folder = tmp_path / "json_2.1.1" / split / task / trial
        folder.mkdir(parents=True)
        (folder / "game.tw-pddl").write_text(json.dumps(game_data()) if content is None else content)
        if traj:
            (folder / "traj_data.json").write_text("{}")
        return folder / "game.tw-pddl"

    return add
