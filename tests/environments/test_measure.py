"""Speed of random play, and success of players without training: the figures that the docs quote."""

import json
from pathlib import Path

import pytest

from leap_kedro.environments.measure import main

ALFWORLD = ["random", "plain", "surfaces", "priors", "planner"]


def measured(
    capsys: pytest.CaptureFixture[str], name: str, *arguments: str, **options: object
) -> tuple[str, dict[str, list[float]]]:
    """The first line, and the cells of each player's row."""
    assert main([name, *arguments, "--seconds", "0.2", "--options", json.dumps(options)]) == 0
    first, _, *lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines]
    return first, {player: [float(cell.rstrip("%")) for cell in cells] for player, *cells in rows}


def test_generated_games(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--split", "valid_unseen", "--tasks", "40", "--caps", "20", "30", "--players", *ALFWORLD]
    first, table = measured(capsys, "alfworld", *arguments)
    assert first.startswith("40 tasks of valid_unseen, seed 0, steps/s ")
    assert float(first.split()[-1]) > 3000  # far below what it does, so that a busy machine passes
    assert table["planner"][:3] == [100.0, 100.0, 100.0]
    assert table["surfaces"][1] >= 90
    assert table["random"][1] <= 5
    assert table["planner"][-1] < table["priors"][-1] < table["surfaces"][-1] < table["plain"][-1]


@pytest.mark.official
def test_official_games_at_least_as_good_as_the_prototype(
    official_games: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--split", "valid_seen", "--tasks", "140", "--caps", "20", "30", "--players", *ALFWORLD]
    _, table = measured(capsys, "alfworld", *arguments, source="official", data_root=str(official_games))
    assert table["plain"][:2] == [48.6, 68.6]
    assert table["surfaces"][:2] == [98.6, 100.0]
    assert table["priors"][:2] == [100.0, 100.0]
    assert table["planner"] == [100.0, 100.0, 100.0, 5.8]


def test_an_official_shop(
    shared_webshop: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    arguments = ["--split", "test", "--tasks", "8", "--players", "planner", "greedy"]
    first, table = measured(capsys, "webshop", *arguments, source="official", data_root=str(shared_webshop))
    assert float(first.split()[-1]) > 500
    assert table["planner"][0] == 100.0
    assert table["greedy"] == [50.0, 76.2, 4.2]


def test_given_actions_and_an_environment_that_lists_none(capsys: pytest.CaptureFixture[str]) -> None:
    players = ["do:submit", "do:{goal};submit", "planner"]
    arguments = ["--split", "test", "--tasks", "4", "--caps", "10", "--players", *players]
    first, table = measured(capsys, "intercode_bash", *arguments, backend="bashkit")
    assert "steps/s" not in first
    assert (table["do:submit"][0], table["do:submit"][2]) == (0.0, 1.0)
    assert (table["do:{goal};submit"][0], table["do:{goal};submit"][2]) == (0.0, 2.0)
    assert (table["planner"][0], table["planner"][2]) == (100.0, 2.0)


def test_what_cannot_be_measured_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = json.dumps({"source": "official", "data_root": str(tmp_path)})
    for name, split, why in (("alfworld", "train", "alfworld-download"), ("webshop", "test", "docs/webshop.md")):
        assert main([name, "--split", split, "--options", options]) == 2
        printed = capsys.readouterr()
        assert str(tmp_path) in printed.err
        assert why in printed.err
        assert printed.out == ""
    assert main(["webshop", "--split", "test", "--tasks", "1", "--players", "wise", "--seconds", "0"]) == 2
    assert "Unknown expert" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--tasks", "0"], ["--tasks", "-3"], ["--caps", "20", "0"]])
def test_numbers_that_measure_nothing_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["alfworld", "--split", "train", *options])
    assert f"{options[0]}: at least 1" in capsys.readouterr().err
